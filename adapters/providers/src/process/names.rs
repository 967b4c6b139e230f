//! The names of steps. What is named otherwise was put into the folder of workspaces by somebody else.

use strowger_primitive::{Id, Name};

/// Whether `name` is a step's, as the saga makes them (`step_id` in the core): the order's identifier in lower case, the
/// number of the item and the number of the component, as in `01jb7zq3v8c4m5n6p7r8s9t0ab-1-2`.
pub(super) fn is_step(name: &str) -> bool {
    let mut parts = name.split('-');
    let (Some(order), Some(item), Some(part), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    Id::parse(order).is_some_and(|id| Name::of_id(id).as_str() == order) && is_number(item) && is_number(part)
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_is_named_like_a_step() {
        for good in [
            "01jb7zq3v8c4m5n6p7r8s9t0ab-1-2",
            "00000000000000000000000000-0-1",
            "7zzzzzzzzzzzzzzzzzzzzzzzzz-4294967295-12",
        ] {
            assert!(is_step(good), "{good}");
        }
        for bad in [
            "",
            "alice",
            "lost+found",
            "01jb7zq3v8c4m5n6p7r8s9t0ab",
            "01jb7zq3v8c4m5n6p7r8s9t0ab-1",
            "01jb7zq3v8c4m5n6p7r8s9t0ab-1-2-3",
            "01jb7zq3v8c4m5n6p7r8s9t0ab-01-2",
            "01jb7zq3v8c4m5n6p7r8s9t0ab-1-+2",
            "01jb7zq3v8c4m5n6p7r8s9t0ab-1-",
            "01JB7ZQ3V8C4M5N6P7R8S9T0AB-1-2",
            "01jb7zq3v8c4m5n6p7r8s9t0ul-1-2",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz-1-2",
            "1jb7zq3v8c4m5n6p7r8s9t0ab-1-2",
        ] {
            assert!(!is_step(bad), "{bad}");
        }
    }
}
