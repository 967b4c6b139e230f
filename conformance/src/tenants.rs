//! Tenants, their people, and an offer that really runs something.

use anyhow::Result;
use serde_json::{Value, json};

use crate::Http;

/// Everybody's password.
pub const PASSWORD: &str = "everybodys-password";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Runs the gateway.
    Operator,
    /// Runs a tenant.
    Administrator,
    /// Orders services.
    User,
    /// Sees what is there.
    Reader,
    /// Has a password and no role.
    Nobody,
}

/// Every role.
pub const ROLES: [Role; 5] = [Role::Operator, Role::Administrator, Role::User, Role::Reader, Role::Nobody];

impl Role {
    /// Its word, which is also the name of whoever has it in a tenant that [`tenant`] made.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Administrator => "administrator",
            Self::User => "user",
            Self::Reader => "reader",
            Self::Nobody => "nobody",
        }
    }
}

/// Makes a tenant with one principal of each role but operator.
///
/// # Errors
/// That something could not be made.
pub fn tenant(operator: &mut Http, name: &str) -> Result<()> {
    operator.make("/v1/tenants", &json!({ "name": name }))?;
    for role in ROLES.into_iter().filter(|role| *role != Role::Operator) {
        let roles: Vec<&str> = Some(role.word()).filter(|_| role != Role::Nobody).into_iter().collect();
        person(operator, name, role.word(), &roles)?;
    }
    Ok(())
}

/// Makes a principal that logs in with [`PASSWORD`].
///
/// # Errors
/// That it could not be made.
pub fn person(operator: &mut Http, tenant: &str, name: &str, roles: &[&str]) -> Result<()> {
    operator.make(&format!("/v1/principals?tenant={tenant}"), &json!({ "name": name, "roles": roles }))?;
    password(operator, tenant, name)
}

/// Gives a principal its password.
///
/// # Errors
/// That it could not be set.
pub fn password(operator: &mut Http, tenant: &str, name: &str) -> Result<()> {
    let credential = json!({ "name": name, "principal": name, "secret": PASSWORD });
    operator.make(&format!("/v1/credentials?tenant={tenant}"), &credential).map(drop)
}

/// The offer `hello`: the sample application behind one port, observed over HTTP.
#[must_use]
pub fn hello() -> Value {
    json!({
        "name": "hello",
        "description": "A greeting.",
        "parameters": [{ "no": 1, "key": "greeting", "default": "hello", "maximum": 64 }],
        "components": [{
            "no": 1,
            "key": "app",
            "executable": "strowger",
            "arguments": ["sample-app", "--port", "${port.http}", "--greeting", "${greeting}"],
            "ports": ["http"],
            "health": "http",
            "healthTarget": "/health",
            "healthInterval": 200,
        }],
    })
}
