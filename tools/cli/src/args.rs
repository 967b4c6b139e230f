//! The command line, built from the declarations: a kind that is declared has its commands.

use clap::{Arg, ArgAction, Command};
use strowger_kinds::order;
use strowger_primitive::{ActionDecl, FieldDecl, Indexed, KindDecl, Schema, Type, Verb};

use crate::exit;

/// The flag of a field: lists of records are given one at a time.
pub(crate) fn flag(field: &FieldDecl) -> String {
    let one_at_a_time = matches!(field.ty, Type::Rows { .. });
    let name = field.name.strip_suffix('s').filter(|_| one_at_a_time);
    name.unwrap_or(field.name).to_owned()
}

/// The whole command line.
pub(crate) fn command(schema: &Schema) -> Command {
    let file = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("FILE").help(help);
    let mut whole = Command::new("strowger")
        .about("Telecom service gateway: every protocol in, one model inside, every cloud out")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(110)
        .after_help(format!(
            "Examples:\n  strowger demo\n  strowger serve --config /etc/strowger.toml\n  strowger order create demo-1 \
             --offer hello --set greeting=hi --wait\n  strowger service list --where state=active\n\n{}",
            exit::HELP
        ))
        .subcommand(configured(Command::new("serve").about("Runs a gateway until it is told to stop")).arg(
            file("ready-file", "Write there, as JSON, where it listens once it serves, and at the first start the operator's secret"),
        ).after_help("Examples:\n  strowger serve\n  strowger serve --config /etc/strowger.toml\n  strowger serve --set data=/srv/strowger --set listen.http.address=0.0.0.0:8443 --set listen.http.tls={}"))
        .subcommand(
            Command::new("demo")
                .about("Starts a gateway on loopback, orders a service over HTTP and over MML, shows what came of it")
                .arg(switch("once", "End by itself when all is shown"))
                .arg(
                    Arg::new("port")
                        .long("port")
                        .value_name("N")
                        .value_parser(clap::value_parser!(u16))
                        .default_value("0")
                        .help("Where its HTTP door listens; 0: any port that is free"),
                )
                .after_help("Examples:\n  strowger demo\n  strowger demo --once"),
        )
        .subcommand(
            configured(Command::new("check").about("Tells all mistakes of a configuration, or of a file of Cedar policies"))
                .arg(Arg::new("file").value_name("FILE").help("A configuration, or policies (.cedar)"))
                .after_help("Examples:\n  strowger check /etc/strowger.toml\n  strowger check night-shift.cedar"),
        )
        .subcommand(configured(
            Command::new("config")
                .about("Prints the effective configuration with its defaults")
                .after_help("Examples:\n  strowger config\n  strowger config --config /etc/strowger.toml --set data=/srv/strowger"),
        ))
        .subcommand(logged_in(
            Command::new("mml")
                .about("A terminal on the MML door; with input from a pipe, a batch")
                .arg(Arg::new("address").value_name("ADDRESS").default_value("127.0.0.1:8023").help("Where the door is"))
                .arg(switch("tls", "Speak TLS"))
                .after_help("Examples:\n  strowger mml\n  strowger mml gw.example:8024 --tls --ca ca.pem --user alice@acme\n  echo 'LST ORDER:;' | strowger mml --user alice@acme\n\n\
                    In the session, USE TENANT: NAME=\"acme\"; speaks of another tenant's things."),
        ))
        .subcommand(records())
        .subcommand(
            Command::new("completions")
                .about("Prints what a shell needs to complete these commands")
                .arg(Arg::new("shell").required(true).value_parser(clap::value_parser!(clap_complete::Shell)))
                .after_help("Examples:\n  strowger completions bash > /etc/bash_completion.d/strowger"),
        )
        .subcommand(Command::new("hold").about("Keeps one program of the provider process; the gateway starts it"))
        .subcommand(Command::new("sample-app").about("A small real service: what the demonstration orders"));
    for kind in schema.kinds().filter(|kind| kind.name != "record") {
        whole = whole.subcommand(of_kind(kind));
    }
    whole
}

fn records() -> Command {
    let file = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("FILE").help(help);
    let decl = &strowger_kinds::record::DECL;
    Command::new("records")
        .about("The records: showing, proving, saving heads, verifying, exporting")
        .visible_alias("record")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(read(decl))
        .subcommand(list(decl))
        .subcommand(connected(
            Command::new("prove")
                .about("Gives what shows that a record is in the log, unchanged, under a signed head")
                .arg(Arg::new("name").value_name("SEQUENCE").required(true))
                .after_help("Examples:\n  strowger records prove 17\n  strowger records prove 17 --json > proof.json"),
        ))
        .subcommand(
            configured(Command::new("verify").about("Verifies the log of a gateway that is stopped, or an export"))
                .arg(file("export", "An export in JSON lines instead of the store"))
                .arg(file("head", "A head saved earlier: the log must still begin with what it signs"))
                .arg(file("key", "The verifier key that `records key` printed, where the node's own is not at hand"))
                .after_help("Examples:\n  strowger records verify --set data=/srv/strowger\n  strowger records verify --export log.jsonl --head saved.head"),
        )
        .subcommand(configured(
            Command::new("key")
                .about("Prints the verifier key, by which heads and exports are verified elsewhere")
                .after_help("Examples:\n  strowger records key --set data=/srv/strowger > strowger.key"),
        ))
        .subcommand(configured(
            Command::new("head")
                .about("Prints the newest signed head of a gateway that is stopped, to be saved elsewhere")
                .after_help("Examples:\n  strowger records head --set data=/srv/strowger > saved.head"),
        ))
        .subcommand(
            configured(Command::new("export").about("Writes out the log of a gateway that is stopped"))
                .arg(
                    Arg::new("form")
                        .long("form")
                        .value_parser(["jsonl", "csv"])
                        .default_value("jsonl")
                        .help("JSON lines can be verified; CSV is for spreadsheets"),
                )
                .arg(file("output", "Write there instead of to standard output"))
                .after_help("Examples:\n  strowger records export > log.jsonl\n  strowger records export --form csv --output log.csv"),
        )
}

fn of_kind(kind: &'static KindDecl) -> Command {
    let mut command = Command::new(kind.name)
        .about(kind.doc)
        .visible_alias(kind.plural)
        .subcommand_required(true)
        .arg_required_else_help(true);
    for (verb, _) in kind.verbs {
        command = match verb {
            Verb::Create => command.subcommand(create(kind)),
            Verb::Read => command.subcommand(read(kind)),
            Verb::List => command.subcommand(list(kind)),
            Verb::Update => command.subcommand(update(kind)),
            Verb::Delete => command.subcommand(delete(kind)),
            Verb::Invoke => command,
        };
    }
    kind.actions.iter().fold(command, |command, action| command.subcommand(invoke(kind, action)))
}

fn create(kind: &'static KindDecl) -> Command {
    let fields = kind.fields().filter(|f| f.creatable() && f.name != "name");
    let command = Command::new("create")
        .about(format!("Makes a new {}", kind.name))
        .arg(Arg::new("name").value_name("NAME").help("Unique in its tenant; one is given where none is said"))
        .args(fields.map(|field| of_field(field, field.required)))
        .arg(waiting());
    connected(command).after_help(format!("Examples:\n  strowger {} create x-1{}", kind.name, example(kind)))
}

fn example(kind: &'static KindDecl) -> String {
    let required = kind.fields().filter(|f| f.creatable() && f.required && f.name != "name");
    let required: String = required.map(|f| format!(" --{} ...", flag(f))).collect();
    if kind.number == order::DECL.number { " --offer hello --set greeting=hi --wait".to_owned() } else { required }
}

/// One that may be there.
fn one(kind: &'static KindDecl) -> &'static str {
    match kind.indexed {
        Indexed::Name => "x-1",
        Indexed::Sequence => "17",
    }
}

/// How a list is asked for.
fn choice(kind: &'static KindDecl) -> &'static str {
    match kind.indexed {
        Indexed::Name => "--where created-by=alice --sort=-created-at",
        Indexed::Sequence => "--where principal=alice --sort=-sequence",
    }
}

fn read(kind: &'static KindDecl) -> Command {
    connected(
        Command::new("show")
            .about(format!("Shows one {}", kind.name))
            .visible_alias("read")
            .arg(index(kind))
            .arg(repeated("field", "FIELD", "Only these fields")),
    )
    .after_help(format!(
        "Examples:\n  strowger {0} show {1}\n  strowger {0} show {1} --json",
        kind.name,
        one(kind)
    ))
}

fn list(kind: &'static KindDecl) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).allow_hyphen_values(true).help(help)
    };
    connected(
        Command::new("list")
            .about(format!("Shows {}", kind.plural))
            .arg(repeated("where", "FIELD=VALUE", "Only those whose field has that value; nothing behind = means none"))
            .arg(text("sort", "FIELDS", "In this order; - before a field: the largest first"))
            .arg(text("limit", "N", "At most so many, 1 to 1000"))
            .arg(text("cursor", "CURSOR", "From where another page ended"))
            .arg(repeated("field", "FIELD", "Only these fields"))
            .arg(switch("all", "All pages")),
    )
    .after_help(format!(
        "Examples:\n  strowger {0} list\n  strowger {0} list {1} --limit 20",
        kind.name,
        choice(kind)
    ))
}

fn update(kind: &'static KindDecl) -> Command {
    let fields = kind.fields().filter(|f| f.patchable());
    connected(
        Command::new("set")
            .about(format!("Changes one {}", kind.name))
            .visible_alias("update")
            .arg(index(kind))
            .args(fields.map(|field| of_field(field, false)))
            .arg(repeated("unset", "FIELD", "Empties a field: field, field.key, field.no or field.no.subfield"))
            .arg(revision()),
    )
    .after_help(format!(
        "Examples:\n  strowger {0} set x-1 --label \"for Bob\"\n  strowger {0} set x-1 --unset label",
        kind.name
    ))
}

fn delete(kind: &'static KindDecl) -> Command {
    connected(
        Command::new("delete")
            .about(format!("Removes one {}", kind.name))
            .arg(index(kind))
            .arg(revision())
            .arg(waiting()),
    )
    .after_help(format!("Examples:\n  strowger {} delete x-1", kind.name))
}

fn invoke(kind: &'static KindDecl, action: &'static ActionDecl) -> Command {
    connected(
        Command::new(action.name)
            .about(action.doc)
            .arg(index(kind))
            .args(action.input.iter().map(|field| of_field(field, field.required))),
    )
    .after_help(format!("Examples:\n  strowger {} {} {}", kind.name, action.name, one(kind)))
}

fn index(kind: &'static KindDecl) -> Arg {
    let value = match kind.indexed {
        Indexed::Name => "NAME",
        Indexed::Sequence => "SEQUENCE",
    };
    Arg::new("name").value_name(value).required(true).help("Which one")
}

fn of_field(field: &'static FieldDecl, required: bool) -> Arg {
    let ty = if let Type::List { of, .. } = field.ty { of } else { &field.ty };
    let many = matches!(field.ty, Type::List { .. } | Type::Map { .. } | Type::Rows { .. });
    let mut help = field.doc.to_owned();
    if let Type::Enum(decl) = ty {
        let names: Vec<_> = decl.values.iter().map(|choice| choice.name).collect();
        help = format!("{help} One of: {}.", names.join(", "));
    }
    if let Type::Rows { of, .. } = ty {
        let names: Vec<_> = of.iter().filter(|field| field.creatable()).map(|field| field.name).collect();
        help = format!("{help} Fields: {}.", names.join(", "));
    }
    if many {
        help = format!("{help} May be given more than once.");
    }
    if !field.unit.is_empty() {
        help = format!("{help} In {}.", field.unit);
    }
    if !field.default.is_empty() {
        help = format!("{help} [default: {}]", field.default);
    }
    let value = match ty {
        Type::Bool => "true|false",
        Type::I32 { .. } | Type::U32 { .. } | Type::U64 { .. } | Type::Decimal { .. } => "N",
        Type::Duration { .. } => "N[d|h|m|s]",
        Type::Time => "RFC3339",
        Type::Map { .. } => "KEY=VALUE",
        Type::Rows { .. } => "NO=1,FIELD=VALUE|JSON|@FILE",
        Type::Ref(kind) => kind,
        Type::Enum(_) => "WORD",
        Type::Secret { .. } => "@FILE",
        Type::Bytes { .. } => "BASE64|@FILE",
        Type::Any { .. } => "JSON|@FILE",
        Type::Text { .. } => "TEXT|@FILE",
        Type::List { .. } => "VALUE",
    };
    let arg = Arg::new(field.name).long(flag(field)).value_name(value).help(help).required(required);
    let arg = arg.action(ArgAction::Append).allow_hyphen_values(true);
    if matches!(field.ty, Type::Secret { .. }) {
        arg.num_args(0..=1).default_missing_value("-")
    } else if matches!(field.ty, Type::Map { .. }) && field.name == "parameters" {
        // What is most often typed is short.
        arg.visible_alias("set")
    } else {
        arg
    }
}

fn repeated(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn waiting() -> Arg {
    Arg::new("wait")
        .long("wait")
        .value_name("SECONDS")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("300")
        .value_parser(clap::value_parser!(u64))
        .help("Wait until the work is done and show how far it is")
}

fn revision() -> Arg {
    Arg::new("if-revision")
        .long("if-revision")
        .value_name("N")
        .value_parser(clap::value_parser!(u64))
        .help("Only if it still has that revision")
}

/// With where the configuration of a gateway is.
fn configured(command: Command) -> Command {
    command
        .arg(Arg::new("config").long("config").value_name("FILE").env("STROWGER_CONFIG").help("The configuration"))
        .arg(repeated("set", "PATH=VALUE", "Overrides one value: listen.http.address=127.0.0.1:0"))
}

/// With where the gateway is, and as whom.
fn connection(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).help_heading(CONNECTION)
}

const CONNECTION: &str = "Connection";

fn logged_in(command: Command) -> Command {
    let text = connection;
    command
        .arg(text("user", "NAME[@TENANT]", "As whom").env("STROWGER_USER"))
        .arg(text("password-file", "FILE", "The password; else STROWGER_PASSWORD, else it is asked for"))
        .arg(text("ca", "FILE", "Certificates to trust, PEM; TLS needs it").env("STROWGER_CA"))
}

fn connected(command: Command) -> Command {
    let text = connection;
    let url = text("url", "URL", "The gateway; on another machine by https:");
    logged_in(command.arg(url.env("STROWGER_URL").default_value("http://127.0.0.1:8080")))
        .arg(text("tenant", "TENANT", "Speak of that tenant's things"))
        .arg(
            text("retry", "SECONDS", "Ask again for so long while the gateway has too much to do")
                .value_parser(clap::value_parser!(u64))
                .default_value("10"),
        )
        .arg(switch("json", "Print the gateway's JSON as it is").help_heading(CONNECTION))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(verb: Verb) -> Option<&'static str> {
        match verb {
            Verb::Create => Some("create"),
            Verb::Read => Some("show"),
            Verb::List => Some("list"),
            Verb::Update => Some("set"),
            Verb::Delete => Some("delete"),
            Verb::Invoke => None,
        }
    }

    #[test]
    fn every_kind_and_verb_has_its_command_and_help() {
        let schema = strowger_kinds::all();
        let command = command(&schema);
        command.clone().debug_assert();
        for kind in schema.kinds().filter(|kind| kind.name != "record") {
            let of = command.find_subcommand(kind.name).unwrap();
            for (verb, _) in kind.verbs {
                let one = of.find_subcommand(word(*verb).unwrap()).unwrap();
                assert!(one.clone().render_long_help().to_string().contains("Examples:"), "{} {one}", kind.name);
            }
            assert!(kind.actions.iter().all(|action| of.find_subcommand(action.name).is_some()));
        }
    }

    #[test]
    fn the_example_of_the_readme_is_understood() {
        let line = "strowger order create demo-1 --offer hello --set greeting=hi --set a=b --wait";
        let matches = command(&strowger_kinds::all()).try_get_matches_from(line.split(' ')).unwrap();
        let (_, order) = matches.subcommand().unwrap();
        let (_, create) = order.subcommand().unwrap();
        let set: Vec<&String> = create.get_many("parameters").unwrap().collect();
        assert_eq!(set, ["greeting=hi", "a=b"]);
        assert_eq!(create.get_one::<u64>("wait"), Some(&300));
    }

    #[test]
    fn a_revision_is_a_number() {
        for (revision, taken) in [("7", true), ("W/7", false), ("\"7\"", false), ("-1", false)] {
            let line = ["strowger", "offer", "delete", "x", "--if-revision", revision];
            assert_eq!(command(&strowger_kinds::all()).try_get_matches_from(line).is_ok(), taken, "{revision}");
        }
    }
}
