//! Making texts fit their declaration: whatever a peer said, the record of it is well formed.

use strowger_primitive::{FieldDecl, Fields, Text, Type, Value};

/// Sets a text field, cut to its bound.
pub(crate) fn fit(fields: &mut Fields, field: &FieldDecl, text: impl Into<Text>) {
    let max = if let Type::Text { max } = field.ty { usize::try_from(max).unwrap_or(usize::MAX) } else { usize::MAX };
    fields.set(field, Value::Text(cut(text.into(), max)));
}

/// At most `max` octets of `text`, ending between characters, with control characters as spaces.
pub(crate) fn cut(text: Text, max: usize) -> Text {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
    if text.len() <= max && !text.contains(control) {
        return text;
    }
    let end = text.floor_char_boundary(max);
    let kept = text.get(..end).unwrap_or_default();
    let cut = kept.replace(control, " ");
    // A control character of two octets leaves one: the text only ever gets shorter.
    cut.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_without_control_characters() {
        assert_eq!(&*cut("gr\u{fc}\u{df}e".into(), 3), "gr");
        assert_eq!(&*cut("gr\u{fc}\u{df}e".into(), 4), "gr\u{fc}");
        assert_eq!(&*cut("a\0b\r\n\u{85}c".into(), 64), "a b \n c");
        assert_eq!(&*cut("\u{1f980}".into(), 3), "");
        let whole: Text = "whole".into();
        assert!(Text::ptr_eq(&cut(Text::clone(&whole), 5), &whole), "what fits is not copied");
    }
}
