//! XML in bounded memory: no entities, a limited number of elements, and a walk that never recurses.

use roxmltree::{Document, Node, ParsingOptions};

use super::{SessionError, number};

/// Most elements, texts and comments of a session. Real ones have some hundred thousand.
const MOST_NODES: u32 = 2_000_000;

/// Levels of elements within elements, so that looking upwards stays quick.
const DEEPEST: u16 = 256;

/// Parses a text. Document types, and with them entities, are refused.
pub fn parse<'a>(file: &str, text: &'a str) -> Result<Document<'a>, SessionError> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let text = text.trim_start_matches('\u{feff}');
    let document = Document::parse_with_options(text, options).map_err(|fault| {
        SessionError::new(file, format!("is no whole XML ({fault}); save the session again"))
    })?;
    // Parents come before their children.
    let mut depths: Vec<u16> = Vec::new();
    for node in document.descendants() {
        let parent = node.parent().and_then(|parent| depths.get(parent.id().get_usize()));
        let depth = parent.map_or(0, |depth| depth + 1);
        if depth > DEEPEST {
            return Err(SessionError::new(
                file,
                "nests its elements too deeply for a session; save it again",
            ));
        }
        depths.push(depth);
    }
    Ok(document)
}

/// UTF-8, as every session in XML is.
pub fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, SessionError> {
    std::str::from_utf8(bytes)
        .map_err(|_| SessionError::new(file, "is not UTF-8, though it is XML; save the session again"))
}

/// The children of that name.
pub fn children<'a, 'd: 'a>(node: Node<'a, 'd>, name: &'a str) -> impl Iterator<Item = Node<'a, 'd>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

/// The first child of that name.
pub fn child<'a, 'd: 'a>(node: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// An attribute as a number.
pub fn value(node: Node, attribute: &str) -> Option<f64> {
    node.attribute(attribute).and_then(number)
}

/// An attribute as yes or no: `1` and `true`, `yes`, against anything else.
pub fn flag(node: Node, attribute: &str) -> Option<bool> {
    node.attribute(attribute).map(|text| matches!(text, "1" | "true" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_and_swelling_documents_are_errors() {
        let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
        assert!(parse("a.xml", &nested(200)).is_ok());
        assert!(parse("a.xml", &nested(1_000_000)).unwrap_err().fault.contains("too deeply"));
        let swelling = "<!DOCTYPE a [<!ENTITY b \"cccc\">]><a>&b;</a>";
        assert!(parse("a.xml", swelling).is_err());
        assert!(parse("a.xml", &("<a>".to_string() + &"<b/>".repeat(2_000_001) + "</a>")).is_err());
        assert!(parse("a.xml", "<a>").is_err());
    }
}
