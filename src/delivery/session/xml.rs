//! XML in bounded memory and time: no entities, limited numbers of everything, and a walk that never recurses.

use roxmltree::{Document, Node, ParsingOptions};

use super::{SessionError, number};

/// Most elements, texts and comments of a session. Real ones have some hundred thousand.
const MOST_NODES: u32 = 500_000;
/// Most attributes of all elements together.
const MOST_ATTRIBUTES: usize = 2_000_000;
/// Most attributes of one element, each of which is compared with all others. Real ones have some fifty.
const MOST_OF_ONE: usize = 256;
/// Most namespaces, all of which are copied for every element. Sessions have none.
const MOST_NAMESPACES: usize = 16;
/// Levels of elements within elements, so that looking upwards stays quick.
const DEEPEST: usize = 256;

/// Parses a text. Document types, and with them entities, are refused.
pub fn parse<'a>(file: &str, text: &'a str) -> Result<Document<'a>, SessionError> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let text = text.trim_start_matches('\u{feff}');
    if let Some(excess) = excess(text) {
        return Err(SessionError::new(file, format!("{excess} for a session; save it again")));
    }
    Document::parse_with_options(text, options).map_err(|fault| {
        SessionError::new(file, format!("is no whole XML ({fault}); save the session again"))
    })
}

/// What a text has more of than the parser would take in its stride, if anything, to be read after its name.
fn excess(text: &str) -> Option<&'static str> {
    let (mut depth, mut attributes, mut namespaces) = (0usize, 0, 0);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        // What only looks like elements.
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .iter()
            .find(|(opening, _)| rest.starts_with(opening));
        if let Some((opening, closing)) = skipped {
            let body = &rest[opening.len()..];
            rest = body.find(closing).map_or("", |end| &body[end + closing.len()..]);
            continue;
        }
        let closing = rest.starts_with("</");
        let (mut own, mut quote, mut last, mut end) = (0, None, b'<', rest.len());
        for (at, byte) in rest.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), byte) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => own += 1,
                (None, b'>') => {
                    end = at + 1;
                    break;
                }
                (None, b'x') if rest[at..].starts_with("xmlns") => namespaces += 1,
                (None, _) => {}
            }
            last = byte;
        }
        attributes += own;
        depth = match (closing, last == b'/') {
            (true, _) => depth.saturating_sub(1),
            (false, true) => depth,
            (false, false) => depth + 1,
        };
        let faults = [
            (depth > DEEPEST, "nests its elements too deeply"),
            (own > MOST_OF_ONE || attributes > MOST_ATTRIBUTES, "has too many attributes"),
            (namespaces > MOST_NAMESPACES, "has too many namespaces"),
        ];
        if let Some((_, fault)) = faults.iter().find(|(is, _)| *is) {
            return Some(fault);
        }
        rest = &rest[end..];
    }
    None
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
        assert!(parse("a.xml", &("<a>".to_string() + &"<b/>".repeat(500_001) + "</a>")).is_err());
        assert!(parse("a.xml", "<a>").is_err());
    }

    /// Each would take the parser minutes or gigabytes.
    #[test]
    fn attributes_and_namespaces_are_counted_before_they_are_parsed() {
        let named = |count: usize, prefix: &str| -> String {
            (0..count).map(|n| format!(" {prefix}{n}=\"x > y = z\"")).collect()
        };
        assert!(parse("a.xml", &format!("<a{}/>", named(200, "b"))).is_ok());
        let fault = |text: &str| parse("a.xml", text).unwrap_err().fault;
        assert!(fault(&format!("<a{}/>", named(300_000, "b"))).contains("attributes"));
        assert!(fault(&format!("<a{}><b/></a>", named(100, "xmlns:b"))).contains("namespaces"));
        let deep: String = (0..100).map(|n| format!("<a xmlns:b{n}='u'>")).collect();
        assert!(fault(&(deep + &"</a>".repeat(100))).contains("namespaces"));
        assert!(
            fault(&format!("<a>{}</a>", "<b c='' d='' e='' f=''/>".repeat(600_000))).contains("attributes")
        );
    }

    #[test]
    fn what_only_looks_like_elements_is_not_counted() {
        let many = "<b c='' xmlns:d=''>".repeat(1_000);
        for text in [format!("<a><!-- {many} --></a>"), format!("<a><![CDATA[{many}]]></a>")] {
            assert!(parse("a.xml", &text).is_ok());
        }
        assert!(parse("a.xml", "<a><!-- ").is_err());
    }
}
