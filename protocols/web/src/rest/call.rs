//! What a path and a method ask for together.

use strowger_primitive::{ActionDecl, Class, FieldDecl, KindDecl, Ref, Verb};

/// One call of the API.
#[derive(Debug)]
pub(super) enum Call {
    /// `GET /v1/orders`.
    List(&'static KindDecl),
    /// `POST /v1/orders`.
    Create(&'static KindDecl),
    /// `GET /v1/orders/demo-1`.
    Read(Ref),
    /// `PATCH /v1/orders/demo-1`.
    Update(Ref),
    /// `DELETE /v1/orders/demo-1`.
    Delete(Ref),
    /// `POST /v1/orders/demo-1/cancel`.
    Invoke(Ref, &'static ActionDecl),
}

impl Call {
    /// How pressing it is.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::List(_) => Class::of(Verb::List, None),
            Self::Read(_) => Class::of(Verb::Read, None),
            Self::Create(_) => Class::of(Verb::Create, None),
            Self::Update(_) => Class::of(Verb::Update, None),
            Self::Delete(_) => Class::of(Verb::Delete, None),
            Self::Invoke(_, action) => Class::of(Verb::Invoke, Some(action)),
        }
    }

    /// Of what.
    pub(super) fn kind(&self) -> &'static KindDecl {
        match self {
            Self::List(kind) | Self::Create(kind) => kind,
            Self::Read(target) | Self::Update(target) | Self::Delete(target) | Self::Invoke(target, _) => target.kind,
        }
    }

    /// The fields that its flaws speak of.
    pub(super) fn fields(&self) -> &'static [&'static [FieldDecl]] {
        match self {
            Self::Invoke(_, action) => std::slice::from_ref(&action.input),
            Self::List(_) | Self::Create(_) | Self::Read(_) | Self::Update(_) | Self::Delete(_) => self.kind().fields,
        }
    }
}
