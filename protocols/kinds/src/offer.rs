//! Offers: what can be ordered (TM Forum service specifications, TMF633).

use strowger_primitive::{Choice, EnumDecl, FieldDecl, Meter, RecordClass, Type, Verb, kind};

/// Where it stands in its life (TMF633 lifecycleStatus).
pub static STATES: EnumDecl = EnumDecl {
    name: "offer-state",
    open: true,
    values: &[
        Choice { number: 1, name: "in-study", doc: "Thought of." },
        Choice { number: 2, name: "in-design", doc: "Being made." },
        Choice { number: 3, name: "in-test", doc: "Being tested." },
        Choice { number: 4, name: "active", doc: "Can be ordered." },
        Choice { number: 5, name: "launched", doc: "Can be ordered, and is advertised." },
        Choice { number: 6, name: "retired", doc: "Cannot be ordered any more; what was ordered runs on." },
        Choice { number: 7, name: "obsolete", doc: "Of the past." },
    ],
};

/// Numbers of the states in which it can be ordered.
pub const ORDERABLE: [u32; 2] = [4, 5];

/// What a parameter takes.
pub static PARAMETER_TYPES: EnumDecl = EnumDecl {
    name: "parameter-type",
    open: true,
    values: &[
        Choice { number: 1, name: "text", doc: "Any text; its bounds are lengths in octets." },
        Choice { number: 2, name: "integer", doc: "A whole number; its bounds are values." },
        Choice { number: 3, name: "boolean", doc: "true or false." },
    ],
};

/// What a component is run by.
pub static COMPONENT_TYPES: EnumDecl = EnumDecl {
    name: "component-type",
    open: true,
    values: &[Choice { number: 1, name: "process", doc: "A program on the gateway's machine." }],
};

/// How a component's health is observed.
pub static HEALTH_TYPES: EnumDecl = EnumDecl {
    name: "health-type",
    open: true,
    values: &[
        Choice { number: 1, name: "none", doc: "It lives." },
        Choice { number: 2, name: "http", doc: "GET of the health target, a path, on the first port answers 2xx." },
        Choice { number: 3, name: "tcp", doc: "The first port accepts." },
        Choice { number: 4, name: "command", doc: "The health target, a command, exits with 0." },
    ],
};

/// Subfields of a parameter.
pub mod parameter {
    use super::{FieldDecl, PARAMETER_TYPES, Type};

    /// Its name.
    pub const NAME: FieldDecl =
        FieldDecl::new(2, "key", Type::Text { max: 64 }, "What the order names it: [a-z0-9._-].").write().required();
    /// What it takes.
    pub const TYPE: FieldDecl =
        FieldDecl::new(3, "type", Type::Enum(&PARAMETER_TYPES), "What it takes.").write().default("text");
    /// Whether an order must give it.
    pub const REQUIRED: FieldDecl =
        FieldDecl::new(4, "required", Type::Bool, "Whether an order must give it.").write().default("false");
    /// What it is where the order does not say.
    pub const DEFAULT: FieldDecl =
        FieldDecl::new(5, "default", Type::Text { max: 1_024 }, "What it is where the order does not say.").write();
    /// Smallest value or length.
    pub const MINIMUM: FieldDecl =
        FieldDecl::new(6, "minimum", Type::I32 { min: i32::MIN, max: i32::MAX }, "Smallest value or length.").write();
    /// Largest value or length.
    pub const MAXIMUM: FieldDecl =
        FieldDecl::new(7, "maximum", Type::I32 { min: i32::MIN, max: i32::MAX }, "Largest value or length.").write();
    /// The values it may take.
    pub const CHOICES: FieldDecl = FieldDecl::new(
        8,
        "choices",
        Type::List { of: &Type::Text { max: 255 }, max: 64 },
        "The values it may take; none: any.",
    )
    .write();
    /// For people.
    pub const DESCRIPTION: FieldDecl =
        FieldDecl::new(9, "description", Type::Text { max: 255 }, "What it means, for people.").write();
    /// All of them.
    pub const ALL: &[FieldDecl] = &[NAME, TYPE, REQUIRED, DEFAULT, MINIMUM, MAXIMUM, CHOICES, DESCRIPTION];
}

/// Subfields of a component.
pub mod component {
    use super::{COMPONENT_TYPES, FieldDecl, HEALTH_TYPES, Meter, Type};

    const SECONDS: u32 = 86_400;
    const MILLISECONDS: u32 = 3_600_000;

    /// Unique in the offer.
    pub const NAME: FieldDecl =
        FieldDecl::new(2, "key", Type::Text { max: 32 }, "Unique in the offer: [a-z0-9._-].").write().required();
    /// What runs it.
    pub const TYPE: FieldDecl =
        FieldDecl::new(3, "type", Type::Enum(&COMPONENT_TYPES), "What it is run by.").write().default("process");
    /// The program.
    pub const EXECUTABLE: FieldDecl = FieldDecl::new(
        4,
        "executable",
        Type::Text { max: 1_024 },
        "Absolute path of the program, allowed by the provider; strowger: the gateway's own binary.",
    )
    .write()
    .required();
    /// Its arguments.
    pub const ARGUMENTS: FieldDecl = FieldDecl::new(
        5,
        "arguments",
        Type::List { of: &Type::Text { max: 1_024 }, max: 64 },
        "Its arguments; ${name} is replaced by a parameter, ${port.name} by a port, ${service}, ${tenant} and \
         ${workspace} by what they are.",
    )
    .write();
    /// Its environment.
    pub const ENVIRONMENT: FieldDecl = FieldDecl::new(
        6,
        "environment",
        Type::Map { max: 64, each: 4_096 },
        "Its environment, replaced likewise; nothing else is inherited.",
    )
    .write();
    /// Files.
    pub const FILES: FieldDecl = FieldDecl::new(
        7,
        "files",
        Type::Map { max: 16, each: 65_535 },
        "Files written into its workspace before it starts, replaced likewise, by relative path.",
    )
    .write();
    /// Ports.
    pub const PORTS: FieldDecl = FieldDecl::new(
        8,
        "ports",
        Type::List { of: &Type::Text { max: 32 }, max: 8 },
        "Names of the ports it listens on; the first is the endpoint of the service.",
    )
    .write();
    /// Address space.
    pub const MEMORY_LIMIT: FieldDecl = FieldDecl::new(
        9,
        "memory-limit",
        Type::U64 { meter: Meter::Gauge },
        "Address space it may use; null: no limit.",
    )
    .write()
    .unit("B");
    /// Processor time.
    pub const CPU_LIMIT: FieldDecl =
        FieldDecl::new(10, "cpu-limit", Type::Duration { max: u32::MAX }, "Processor time it may use; null: no limit.")
            .write()
            .unit("s");
    /// Open files.
    pub const FILE_LIMIT: FieldDecl = FieldDecl::new(
        11,
        "file-limit",
        Type::U32 { min: 8, max: 1_048_576, meter: Meter::Gauge },
        "Files it may hold open.",
    )
    .write()
    .default("1024");
    /// Output kept.
    pub const OUTPUT_LIMIT: FieldDecl = FieldDecl::new(
        12,
        "output-limit",
        Type::U32 { min: 4_096, max: 1_073_741_824, meter: Meter::Gauge },
        "Octets of its output that are kept, in two files.",
    )
    .write()
    .unit("B")
    .default("1048576");
    /// Health check.
    pub const HEALTH: FieldDecl =
        FieldDecl::new(13, "health", Type::Enum(&HEALTH_TYPES), "How its health is observed.").write().default("none");
    /// What is looked at.
    pub const HEALTH_TARGET: FieldDecl = FieldDecl::new(
        14,
        "health-target",
        Type::Text { max: 1_024 },
        "The path of an http check, the command line of a command check.",
    )
    .write();
    /// Between two looks.
    pub const HEALTH_INTERVAL: FieldDecl =
        FieldDecl::new(15, "health-interval", Type::Duration { max: MILLISECONDS }, "Time between two looks.")
            .write()
            .unit("ms")
            .default("2000");
    /// Each look.
    pub const HEALTH_TIMEOUT: FieldDecl = FieldDecl::new(
        16,
        "health-timeout",
        Type::Duration { max: MILLISECONDS },
        "A look that takes longer has failed.",
    )
    .write()
    .unit("ms")
    .default("1000");
    /// Start.
    pub const START_TIMEOUT: FieldDecl =
        FieldDecl::new(17, "start-timeout", Type::Duration { max: SECONDS }, "A start that takes longer has failed.")
            .write()
            .unit("s")
            .default("30");
    /// Stop.
    pub const STOP_GRACE: FieldDecl = FieldDecl::new(
        18,
        "stop-grace",
        Type::Duration { max: SECONDS },
        "Time between the word to stop (SIGTERM) and the force (SIGKILL).",
    )
    .write()
    .unit("s")
    .default("5");
    /// All of them.
    pub const ALL: &[FieldDecl] = &[
        NAME,
        TYPE,
        EXECUTABLE,
        ARGUMENTS,
        ENVIRONMENT,
        FILES,
        PORTS,
        MEMORY_LIMIT,
        CPU_LIMIT,
        FILE_LIMIT,
        OUTPUT_LIMIT,
        HEALTH,
        HEALTH_TARGET,
        HEALTH_INTERVAL,
        HEALTH_TIMEOUT,
        START_TIMEOUT,
        STOP_GRACE,
    ];
}

kind! {
    /// A service specification (TMF633): what can be ordered, with what parameters, and what runs for it.
    offer "offers" = 14, named;
    verbs: [
        (Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted), (Verb::List, RecordClass::Counted),
        (Verb::Update, RecordClass::Each), (Verb::Delete, RecordClass::Each),
    ];
    fields:
        /// Where it stands in its life (TMF633 lifecycleStatus).
        10 STATE: Type::Enum(&STATES), write(), default("active");
        /// What it is, for people.
        11 DESCRIPTION: Type::Text { max: 4_096 }, write();
        /// Its version, as its maker counts.
        12 VERSION: Type::Text { max: 64 }, write();
        /// What an order may or must say.
        13 PARAMETERS: Type::Rows { of: parameter::ALL, max: 32 }, write();
        /// What runs for it, started in this order. None: the service is active at once.
        14 COMPONENTS: Type::Rows { of: component::ALL, max: 8 }, write();
    actions: [];
}
