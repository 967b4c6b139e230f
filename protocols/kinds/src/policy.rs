//! Policies: what is allowed.

use strowger_primitive::{RecordClass, Type, Verb, kind};

kind! {
    /// A set of Cedar policies. What no enabled policy permits is forbidden; a forbid wins over every permit.
    policy "policies" = 13, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// The policies, in Cedar.
        10 CEDAR: Type::Text { max: 65_535 }, write(), required();
        /// Whether it counts.
        11 ENABLED: Type::Bool, write(), default("true");
        /// Whether it asks more than the decision table keeps, so that it runs for each request.
        12 LIVE: Type::Bool;
    actions: [];
}
