//! From a task to what runs: everything filled in, everything judged that can be judged before anything is made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component as Part, Path, PathBuf};

use strowger_primitive::{Check as Asked, ProviderError, Task, Text};

use super::fault;
use super::fill::fill;
use crate::spec::{Check, Health, Limits, OWN, Port, Spec};
use crate::workspace::{CONTROL, OUTPUT, OUTPUT_BEFORE};

/// What of the gateway's own binary an offer may run. The rest would act with the operator's rights on the gateway's
/// own data.
const OWN_PROGRAMS: [&str; 1] = ["sample-app"];

/// A plan: what is written into a new workspace.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) spec: Spec,
    pub(super) files: Vec<(PathBuf, String)>,
}

/// What `task` comes to in `workspace` with those ports, one for each it names.
pub(super) fn plan(task: &Task, workspace: &str, ports: &[u16], allowed: &[PathBuf]) -> Result<Plan, ProviderError> {
    let component = &task.component;
    let mut values = task.values.clone();
    values.insert("workspace".into(), workspace.into());
    for (name, number) in component.ports.iter().zip(ports) {
        values.insert(format!("port.{name}").into(), number.to_string().into());
    }
    let filled = |what: &str, text: &str| filled(task, &values, what, text);
    let words = |what: &str, texts: &[Text]| -> Result<Vec<String>, ProviderError> {
        texts.iter().map(|text| word(task, what, filled(what, text)?)).collect()
    };

    let arguments = words("argument", &component.arguments)?;
    may_run(&component.executable, &arguments, allowed)?;
    let mut environment = BTreeMap::new();
    for (name, value) in &component.environment {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(wrong(task, &format!("{name:?} is no name of an environment variable")));
        }
        if makes_it_another(name) {
            return Err(wrong(task, &format!("environment: {name} can make a program run other code; leave it out")));
        }
        environment.insert(name.to_string(), word(task, "environment", filled("environment", value)?)?);
    }
    let mut files = Vec::new();
    for (path, content) in &component.files {
        files.push((inside(task, path)?, filled("file", content)?));
    }
    let check = match &component.health.check {
        None => None,
        Some(Asked::Tcp) => Some(Check::Tcp),
        Some(Asked::Http(path)) => Some(Check::Http(http_path(task, filled("health-target", path)?)?)),
        Some(Asked::Command(line)) => {
            // Split before it is filled in: a value with a blank stays one argument.
            let line: Vec<Text> = line.split_whitespace().map(Text::from).collect();
            let command = words("health-target", &line)?;
            let (first, rest) = command.split_first().ok_or_else(|| wrong(task, "its command check names none"))?;
            may_run(first, rest, allowed)?;
            Some(Check::Command(command))
        }
    };
    if component.ports.is_empty() && matches!(check, Some(Check::Http(_) | Check::Tcp)) {
        return Err(wrong(task, "its health check wants a port, and it names none"));
    }
    if component.ports.iter().collect::<BTreeSet<_>>().len() != component.ports.len() {
        return Err(wrong(task, "two of its ports have one name"));
    }

    let named = component.ports.iter().zip(ports);
    let health = &component.health;
    let spec = Spec {
        tenant: task.tenant.to_string(),
        service: task.service.to_string(),
        component: component.name.to_string(),
        executable: component.executable.to_string(),
        arguments,
        environment,
        ports: named.map(|(name, number)| Port { name: name.to_string(), number: *number }).collect(),
        limits: Limits {
            memory: component.limits.memory,
            cpu: component.limits.cpu,
            files: component.limits.files,
            output: component.limits.output,
        },
        health: Health {
            check,
            interval_ms: health.interval_ms,
            timeout_ms: health.timeout_ms,
            start_ms: health.start_ms,
            stop_ms: health.stop_ms,
        },
    };
    Ok(Plan { spec, files })
}

fn filled(task: &Task, values: &BTreeMap<Text, Text>, what: &str, text: &str) -> Result<String, ProviderError> {
    fill(text, values).map_err(|why| wrong(task, &format!("{what}: {why}")))
}

/// The kernel ends arguments and variables at a zero octet.
fn word(task: &Task, what: &str, text: String) -> Result<String, ProviderError> {
    if text.contains('\0') { Err(wrong(task, &format!("{what}: it holds a zero octet"))) } else { Ok(text) }
}

/// Least privilege: what the options do not name does not run, whoever asks.
fn may_run(executable: &str, arguments: &[String], allowed: &[PathBuf]) -> Result<(), ProviderError> {
    if executable == OWN {
        let first = arguments.first().map(String::as_str).unwrap_or_default();
        if OWN_PROGRAMS.contains(&first) {
            return Ok(());
        }
        return Err(fault::not_allowed(&format!("{OWN} {first}")));
    }
    let path = Path::new(executable);
    // Compared part by part, so that `/bin/../tmp/x` is not `/bin`'s.
    if !allowed.iter().any(|allowed| allowed == path) {
        return Err(fault::not_allowed(executable));
    }
    if !path.is_file() {
        return Err(fault::missing(executable));
    }
    Ok(())
}

/// What the loader, libraries and interpreters act on before a program does (ld.so(8), the manual of each): it would
/// make a program that may run any program.
fn makes_it_another(name: &str) -> bool {
    const BEGINNINGS: [&str; 9] = ["LD_", "BASH", "PYTHON", "PERL", "RUBY", "GEM_", "LUA_", "OPENSSL_", "CORECLR_"];
    const NAMES: &str = "GLIBC_TUNABLES GCONV_PATH LOCPATH NLSPATH ENV SHELLOPTS PS4 ZDOTDIR NODE_OPTIONS NODE_PATH \
        JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS CLASSPATH DOTNET_STARTUP_HOOKS PHPRC PHP_INI_SCAN_DIR \
        GUILE_LOAD_PATH";
    /// What programs are told every day, and what loads nothing.
    const HARMLESS: &str = "PYTHONUNBUFFERED PYTHONUTF8 PYTHONIOENCODING PYTHONHASHSEED PYTHONDONTWRITEBYTECODE";
    let among = |names: &str| names.split(' ').any(|whole| whole == name);
    among(NAMES) || (BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) && !among(HARMLESS))
}

/// A relative path that stays in the workspace and away from what is ours there.
fn inside(task: &Task, path: &str) -> Result<PathBuf, ProviderError> {
    let parts: Vec<Part<'_>> = Path::new(path).components().collect();
    let plain = parts.iter().all(|part| matches!(part, Part::Normal(_)));
    let ours = matches!(parts.first(), Some(Part::Normal(first)) if [CONTROL, OUTPUT, OUTPUT_BEFORE].iter().any(|ours| first == ours));
    if parts.is_empty() || !plain || ours || path.contains('\0') || path.ends_with('/') {
        let why =
            format!("file {path:?}: a file is a relative path inside the workspace, and not {CONTROL} or {OUTPUT}");
        return Err(wrong(task, &why));
    }
    Ok(parts.iter().collect())
}

/// RFC 9112 §3.2.1, origin-form: nothing that could end the line.
fn http_path(task: &Task, path: String) -> Result<String, ProviderError> {
    if path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(path);
    }
    Err(wrong(task, &format!("health-target: {path:?} is no path; it begins with / and holds visible ASCII alone")))
}

fn wrong(task: &Task, why: &str) -> ProviderError {
    fault::malformed(&task.component.name, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_primitive::{Component, FaultKind, HealthCheck, Limits as Asked2, Name};

    fn task() -> Task {
        Task {
            tenant: Name::new("acme").unwrap(),
            service: Name::new("demo-1").unwrap(),
            component: Component {
                name: "web".into(),
                executable: OWN.into(),
                arguments: vec!["sample-app".into(), "--port".into(), "${port.http}".into(), "${greeting}".into()],
                environment: [("HOME".into(), "${workspace}".into())].into(),
                files: [("etc/x.conf".into(), "of ${service} in ${tenant}".into())].into(),
                ports: vec!["http".into(), "admin".into()],
                limits: Asked2 { memory: 1, cpu: 2, files: 3, output: 4 },
                health: HealthCheck {
                    check: Some(Asked::Http("/health".into())),
                    interval_ms: 1,
                    timeout_ms: 2,
                    start_ms: 3,
                    stop_ms: 4,
                },
            },
            values: [("greeting", "hi there"), ("service", "demo-1"), ("tenant", "acme")]
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    fn made(change: impl FnOnce(&mut Task)) -> Result<Plan, ProviderError> {
        let mut task = task();
        change(&mut task);
        plan(&task, "/w/x", &[20_000, 20_001], &["/bin/sh".into(), "/gone/away".into()])
    }

    #[test]
    fn everything_is_filled_in() {
        let plan = made(|_| ()).unwrap();
        assert_eq!(plan.spec.arguments, ["sample-app", "--port", "20000", "hi there"]);
        assert_eq!(plan.spec.environment(), [("HOME", "/w/x"), ("PATH", crate::spec::PATH)].into());
        assert_eq!(plan.files, [("etc/x.conf".into(), "of demo-1 in acme".to_owned())]);
        assert_eq!(plan.spec.first_endpoint(), Some(("127.0.0.1", 20_000)));
    }

    #[test]
    fn a_value_with_blanks_stays_one_argument_of_the_check() {
        let plan = made(|task| {
            task.component.health.check = Some(Asked::Command("/bin/sh  -c ${greeting}".into()));
        });
        let command = Check::Command(vec!["/bin/sh".into(), "-c".into(), "hi there".into()]);
        assert_eq!(plan.unwrap().spec.health.check, Some(command));
    }

    #[test]
    fn only_what_is_named_runs() {
        let code = |executable: &str, first: &str| {
            made(|task| {
                task.component.executable = executable.into();
                task.component.arguments = vec![first.into()];
            })
            .map_or_else(|error| error.code, |_| "runs")
        };
        assert_eq!(code("/bin/sh", "x"), "runs");
        assert_eq!(code(OWN, "sample-app"), "runs");
        assert_eq!(code("/gone/away", ""), "executable-missing");
        for (executable, first) in [
            ("sh", ""),
            ("/bin/bash", ""),
            ("/bin/x/../sh", ""),
            ("", ""),
            (OWN, "records"),
            (OWN, "serve"),
            ("./strowger", "sample-app"),
        ] {
            assert_eq!(code(executable, first), "executable-not-allowed", "{executable} {first}");
        }
        let with = |name: &str| made(|task| drop(task.component.environment.insert(name.into(), "x".into())));
        let refused = "LD_PRELOAD LD_AUDIT LD_DEBUG_OUTPUT GLIBC_TUNABLES GCONV_PATH BASH_ENV BASH_FUNC_ls%% ENV PS4 \
            PYTHONPATH PERL5OPT PERLLIB RUBYOPT NODE_OPTIONS _JAVA_OPTIONS PHPRC OPENSSL_CONF LUA_INIT_5_4";
        for name in refused.split(' ') {
            assert!(matches!(with(name), Err(error) if error.public.contains(name)), "{name}");
        }
        for name in ["LANG", "ENVIRONMENT", "NODE_ENV", "JAVA_HOME", "PYTHONUNBUFFERED"] {
            assert!(with(name).is_ok(), "{name}");
        }
        let check = made(|task| task.component.health.check = Some(Asked::Command("/bin/rm -r /".into())));
        assert!(matches!(check, Err(error) if error.kind == FaultKind::NotAllowed));
    }

    #[test]
    fn what_an_offer_says_wrongly_is_told() {
        type Wrong = fn(&mut Task);
        let all: [(Wrong, &str); 14] = [
            (|t| t.component.arguments.push("${nothing}".into()), "${nothing} is no parameter"),
            (|t| t.component.arguments.push("a\0b".into()), "zero octet"),
            (|t| drop(t.component.environment.insert("A=B".into(), "".into())), "A=B"),
            (|t| drop(t.component.files.insert("/etc/passwd".into(), "".into())), "/etc/passwd"),
            (|t| drop(t.component.files.insert("a/../../b".into(), "".into())), "relative path"),
            (|t| drop(t.component.files.insert("./x".into(), "".into())), "relative path"),
            (|t| drop(t.component.files.insert("".into(), "".into())), "relative path"),
            (|t| drop(t.component.files.insert("x/".into(), "".into())), "relative path"),
            (|t| drop(t.component.files.insert(".hold/spec.json".into(), "".into())), ".hold"),
            (|t| drop(t.component.files.insert("output.log".into(), "".into())), "output.log"),
            (|t| t.component.health.check = Some(Asked::Http("health".into())), "begins with /"),
            (|t| t.component.health.check = Some(Asked::Http("/ HTTP/1.1\r\nX: y".into())), "visible"),
            (|t| t.component.health.check = Some(Asked::Command(" ".into())), "names none"),
            (|t| t.component.ports = vec!["http".into(), "http".into()], "one name"),
        ];
        for (change, said) in all {
            let error = made(change).unwrap_err();
            assert_eq!(error.kind, FaultKind::Malformed, "{error}");
            assert!(error.public.contains(said) && error.public.contains("web"), "{error}");
        }
        let none = made(|task| {
            task.component.arguments.truncate(1);
            task.component.ports.clear();
        });
        assert!(none.unwrap_err().public.contains("wants a port"));
    }
}
