#![allow(missing_docs, clippy::all)]
fn main() {
    let s = strowger_kinds::all();
    let i = strowger_forms::openapi::Info { title: "Strowger", version: "0.1.0", server: "" };
    std::fs::write("/tmp/o31.json", strowger_forms::openapi::v31(&s, &i)).unwrap();
    std::fs::write("/tmp/o30.json", strowger_forms::openapi::v30(&s, &i)).unwrap();
    std::fs::write("/tmp/ref.md", strowger_forms::reference::print(&s)).unwrap();
    std::fs::write("/tmp/schema.lock", strowger_forms::lock::print(&s)).unwrap();
    let l = strowger_forms::check_schema(&s).join("\n") + "\n----\n" + &strowger_forms::long_descriptors(&s).join("\n");
    std::fs::write("/tmp/check.txt", l).unwrap();
}
