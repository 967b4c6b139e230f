//! The echo: a command as it may be written into reports, logs and histories, without its secrets, also where it is
//! wrong or unfinished.

use strowger_primitive::{FieldDecl, KindDecl, Schema, Type, same_word};

use crate::form::Form;
use crate::shown::misleads;
use crate::syntax::{Named, Said, Sentence, read};
use crate::token::{Lexeme, Token, quote, tokens};

/// Most characters of an echo.
const MOST: usize = 512;
/// Octets after which nothing more is gathered for it.
const ROOM: usize = 4 * MOST;
const STARS: &str = "*****";

/// The command on one line, without secrets. Values are shown only where the command follows the grammar, and only of
/// parameters that are known and hold no secret: behind a missing quote or a misspelt name anything may stand.
///
/// ```
/// let schema = strowger_kinds::all();
/// let echo = strowger_speech::mask(&schema, "LGI: OP=\"ops\", PWD=\"hunter2\";");
/// assert_eq!(echo, "LGI: OP=\"ops\", PWD=*****;");
/// assert_eq!(strowger_speech::mask(&schema, "LGI: OP=\"ops, PWD=\"hunter2\";"), "LGI: *****");
/// ```
#[must_use]
pub fn mask(schema: &Schema, text: &str) -> String {
    let echo = match read(text) {
        Ok(Sentence::Help(words)) => asked(schema, &words),
        Ok(Sentence::Say(spoken)) => {
            let mut out = head(schema, spoken.verb, spoken.object);
            let form = Form::find(schema, spoken.verb, spoken.object).ok();
            let known: Vec<&FieldDecl> =
                form.map(Form::parameters).unwrap_or_default().into_iter().map(|p| p.decl).collect();
            if !spoken.parameters.is_empty() {
                out.push(' ');
                Mask { secrets: secrets(schema).collect() }.parameters(&spoken.parameters, &known, ", ", &mut out);
            }
            out.push(';');
            out
        }
        Err(_) => broken(schema, text),
    };
    one_line(&echo)
}

/// Whether a parameter of that name holds a secret anywhere in the schema.
pub(crate) fn is_secret(schema: &Schema, name: &str) -> bool {
    secrets(schema).any(|secret| same_word(name, secret))
}

/// Text on one line: what [`misleads`] is written as an escape.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        match c {
            _ if i >= MOST => {
                out.push_str("...");
                break;
            }
            '\n' | '\r' | '\t' => out.push(' '),
            c if misleads(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// The verb where it is known, and what it speaks of: any other word may be part of a secret.
fn head(schema: &Schema, verb: &str, object: Option<&str>) -> String {
    let forms: Vec<Form> = Form::all(schema).filter(|f| f.has_verb(verb)).collect();
    let takes_object = forms.iter().any(|f| f.object_word().is_some());
    let verb = if forms.is_empty() { STARS } else { verb };
    match object {
        None => format!("{verb}:"),
        Some(object) if takes_object => format!("{verb} {object}:"),
        Some(_) => format!("{verb} {STARS}:"),
    }
}

/// Of a question no more than the words it is about.
fn asked(schema: &Schema, words: &[&str]) -> String {
    let mut out = String::from("HLP");
    for word in words {
        let said = |f: Form| f.has_verb(word) || f.object_word().is_some_and(|o| same_word(word, o));
        out.push(' ');
        out.push_str(if fields(schema).any(|f| same_word(word, f.name)) || Form::all(schema).any(said) {
            word
        } else {
            STARS
        });
    }
    out.push(';');
    out
}

/// Of what breaks the grammar, no more than the first two words.
fn broken(schema: &Schema, text: &str) -> String {
    let mut tokens = tokens(text);
    let word = |token: Option<Token<'_>>| token.filter(|t| t.lexeme == Lexeme::Word).map(|t| t.text.to_owned());
    let Some(verb) = word(tokens.next()) else { return STARS.to_owned() };
    let behind = tokens.next();
    let object = word(behind).filter(|_| tokens.next().is_none_or(|t| t.lexeme == Lexeme::Colon));
    format!("{} {STARS}", head(schema, &verb, object.as_deref()))
}

/// The names of secrets, looked up once for a command.
struct Mask {
    secrets: Vec<&'static str>,
}

impl Mask {
    fn is_secret(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| same_word(name, secret))
    }

    /// Of parameters that are not `known` no value is shown. Behind a secret none is shown at all, and no unknown name:
    /// without its quotes, the secret may go on there.
    fn parameters(&self, named: &[Named<'_>], known: &[&FieldDecl], between: &str, out: &mut String) {
        let mut after_secret = false;
        for (i, named) in named.iter().enumerate() {
            if out.len() > ROOM {
                return;
            }
            let field = known.iter().find(|f| same_word(named.name, f.name));
            let number = between == "," && named.name.eq_ignore_ascii_case("no");
            let shown = field.is_some() || number;
            out.push_str(if i == 0 { "" } else { between });
            out.push_str(if after_secret && !shown { STARS } else { named.name });
            out.push('=');
            let secret = self.is_secret(named.name);
            if shown && !after_secret && !secret {
                self.value(&named.said, field.copied(), out);
            } else {
                out.push_str(STARS);
            }
            after_secret |= secret;
        }
    }

    fn value(&self, said: &Said<'_>, field: Option<&FieldDecl>, out: &mut String) {
        match said {
            Said::Null => out.push_str("NULL"),
            Said::Word(word) => out.push_str(word),
            Said::Quoted(text) => {
                let text: String = text.chars().take(MOST).collect();
                out.push_str(&if self.is_spoken_of(&text) { STARS.to_owned() } else { quote(&text) });
            }
            Said::Range(from, to) => out.extend([*from, "&&", *to]),
            Said::Set(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    if out.len() > ROOM {
                        return;
                    }
                    out.push_str(if i == 0 { "" } else { "&" });
                    self.value(part, field, out);
                }
            }
            Said::Record(named) => {
                let of: &[FieldDecl] =
                    if let Some(FieldDecl { ty: Type::Rows { of, .. }, .. }) = field { of } else { &[] };
                out.push('{');
                self.parameters(named, &of.iter().collect::<Vec<_>>(), ",", out);
                out.push('}');
            }
        }
    }

    /// A value that says `password=x` itself: an entry of a map, or two parameters run into one by a lost quote.
    fn is_spoken_of(&self, text: &str) -> bool {
        text.match_indices(['=', ':']).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default().trim_end_matches(|c: char| !c.is_alphanumeric());
            let from = before.rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
            let name = from.and_then(|i| before.get(i..)).unwrap_or(before);
            let name = name.trim_start_matches(|c: char| !c.is_alphanumeric());
            let last = name.rsplit(['-', '_']).next().unwrap_or(name);
            self.is_secret(name) || self.is_secret(last)
        })
    }
}

/// Words that mean a secret, and the fields that hold one.
fn secrets(schema: &Schema) -> impl Iterator<Item = &'static str> + '_ {
    let declared = fields(schema).filter(|f| matches!(f.ty, Type::Secret { .. })).map(|f| f.name);
    ["pwd", "password", "passwd", "pass", "secret", "token"].into_iter().chain(declared)
}

/// Every field, subfield and input there is.
fn fields(schema: &Schema) -> impl Iterator<Item = &'static FieldDecl> + '_ {
    let of_kind = |kind: &'static KindDecl| {
        let inputs = kind.actions.iter().flat_map(|a| a.input.iter());
        kind.fields().chain(inputs).flat_map(|field| {
            let subs: &'static [FieldDecl] = if let Type::Rows { of, .. } = field.ty { of } else { &[] };
            std::iter::once(field).chain(subs)
        })
    };
    schema.kinds().flat_map(of_kind)
}
