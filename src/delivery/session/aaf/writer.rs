//! Small AAFs for the tests.

use std::io::{Cursor, Write};
use std::path::Path;

use cfb::CompoundFile;
use uuid::Uuid;

use super::class;

/// An object to be written.
#[derive(Clone)]
pub struct Node {
    class: u128,
    id: Vec<u8>,
    values: Vec<(u16, Value)>,
}

#[derive(Clone)]
enum Value {
    Data(Vec<u8>),
    Weak(u128),
    Strong(Box<Node>),
    Vector(Vec<Node>),
    Set(Vec<Node>),
}

/// Where the audio of a recording is.
#[derive(Clone, Copy)]
pub enum Where {
    Embedded,
    At(&'static str),
}

const ESSENCE_DATA: u128 = class(0x23);

fn node(class: u128, values: Vec<(u16, Value)>) -> Node {
    Node { class, id: Vec::new(), values }
}

fn text(text: &str) -> Value {
    Value::Data(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect())
}

fn long(value: i64) -> Value {
    Value::Data(value.to_le_bytes().into())
}

fn int(value: u32) -> Value {
    Value::Data(value.to_le_bytes().into())
}

fn rational((numerator, denominator): (u32, u32)) -> Value {
    Value::Data([numerator.to_le_bytes(), denominator.to_le_bytes()].concat())
}

fn le(id: u128) -> Vec<u8> {
    Uuid::from_u128(id).to_bytes_le().into()
}

fn mob_id(number: u8) -> Vec<u8> {
    vec![number; 32]
}

fn mob(class: u128, number: u8, name: &str, mut values: Vec<(u16, Value)>) -> Node {
    values.push((0x4401, Value::Data(mob_id(number))));
    values.push((0x4402, text(name)));
    Node { id: mob_id(number), ..node(class, values) }
}

/// The composition, of top level. Its number is 0.
pub fn composition(name: &str, slots: Vec<Node>) -> Node {
    let usage = Value::Data(le(super::TOP_LEVEL));
    mob(super::COMPOSITION_MOB, 200, name, vec![(0x4403, Value::Vector(slots)), (0x4408, usage)])
}

pub fn slot(number: u32, name: &str, edit_rate: (u32, u32), segment: Node) -> Node {
    let values = vec![
        (0x4801, int(number)),
        (0x4802, text(name)),
        (0x4803, Value::Strong(Box::new(segment))),
        (0x4b01, rational(edit_rate)),
    ];
    node(class(0x3b), values)
}

fn component(class: u128, length: i64, mut values: Vec<(u16, Value)>) -> Node {
    values.push((0x0201, Value::Weak(super::SOUND[0])));
    values.push((0x0202, long(length)));
    node(class, values)
}

pub fn sequence(parts: Vec<Node>) -> Node {
    component(super::SEQUENCE, 0, vec![(0x1001, Value::Vector(parts))])
}

pub fn filler(length: i64) -> Node {
    component(super::FILLER, length, vec![])
}

pub fn transition(length: i64) -> Node {
    component(super::TRANSITION, length, vec![])
}

/// A clip of slot 1 of a mob.
pub fn clip(mob: u8, length: i64, start: i64) -> Node {
    let values = vec![(0x1101, Value::Data(mob_id(mob))), (0x1102, int(1)), (0x1201, long(start))];
    component(super::SOURCE_CLIP, length, values)
}

pub fn timecode(start: i64, fps: u16, drop: bool) -> Node {
    let values = vec![
        (0x1501, long(start)),
        (0x1502, Value::Data(fps.to_le_bytes().into())),
        (0x1503, Value::Data(vec![u8::from(drop)])),
    ];
    component(super::TIMECODE, 1_000, values)
}

/// An operation on one input, with one constant parameter if it has a value.
pub fn operation(id: u128, value: Option<(i32, i32)>, input: Node) -> Node {
    let parameters = value.map(|(numerator, denominator)| {
        let indirect =
            [vec![b'L'], le(0), numerator.to_le_bytes().into(), denominator.to_le_bytes().into()].concat();
        // The set is keyed by what the parameter is.
        Node { id: le(0xabcd), ..node(super::CONSTANT_VALUE, vec![(0x4d01, Value::Data(indirect))]) }
    });
    let values = vec![
        (0x0b01, Value::Weak(id)),
        (0x0b02, Value::Vector(vec![input])),
        (0x0b03, Value::Set(parameters.into_iter().collect())),
    ];
    component(super::OPERATION_GROUP, 1_000, values)
}

/// A master mob that refers to another one.
pub fn reference(number: u8, name: &str, to: u8) -> Node {
    mob(
        class(0x36),
        number,
        name,
        vec![(0x4403, Value::Vector(vec![slot(1, "", (48_000, 1), clip(to, 10, 0))]))],
    )
}

/// A master mob and the file behind it: 48 kHz, 24 bits, mono.
pub fn recording(number: u8, name: &str, length: i64, place: Where) -> Vec<Node> {
    let mut values = vec![
        (0x3001, rational((48_000, 1))),
        (0x3002, long(length)),
        (0x3d01, int(24)),
        (0x3d03, rational((48_000, 1))),
        (0x3d07, int(1)),
    ];
    if let Where::At(url) = place {
        values.push((0x2f01, Value::Vector(vec![node(class(0x32), vec![(0x4001, text(url))])])));
    }
    let descriptor = (0x4701, Value::Strong(Box::new(node(class(0x48), values))));
    let mut nodes =
        vec![reference(number, name, 100 + number), mob(class(0x37), 100 + number, name, vec![descriptor])];
    if let Where::Embedded = place {
        nodes.push(Node { id: mob_id(100 + number), ..node(ESSENCE_DATA, vec![]) });
    }
    nodes
}

/// A file of mobs and essence, and of two operations: 0xabc is a time warp and 0xdef a reverb.
pub fn file(nodes: Vec<Node>) -> Vec<u8> {
    let (essence, mobs): (Vec<Node>, Vec<Node>) =
        nodes.into_iter().partition(|node| node.class == ESSENCE_DATA);
    let content = node(class(0x18), vec![(0x1901, Value::Set(mobs)), (0x1902, Value::Set(essence))]);
    let define = |id: u128, name: &str| Node { id: le(id), ..node(class(0x1c), vec![(0x1b02, text(name))]) };
    let operations = vec![define(0xabc, "Time Warp"), define(0xdef, "Room Reverb")];
    let dictionary = node(class(0x22), vec![(0x2603, Value::Set(operations))]);
    let header = node(
        class(0x2f),
        vec![(0x3b03, Value::Strong(Box::new(content))), (0x3b04, Value::Strong(Box::new(dictionary)))],
    );
    let root = node(0, vec![(2, Value::Strong(Box::new(header)))]);
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    write(&mut file, Path::new("/"), &root);
    file.flush().unwrap();
    file.into_inner().into_inner()
}

fn write(file: &mut CompoundFile<Cursor<Vec<u8>>>, path: &Path, node: &Node) {
    file.set_storage_clsid(path, Uuid::from_u128(node.class)).unwrap();
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (id, value) in &node.values {
        let name = format!("p-{id:x}");
        let reference: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let (form, bytes) = match value {
            Value::Data(bytes) => (0x82u16, bytes.clone()),
            Value::Weak(id) => (0x02, [vec![0, 0, 1, 0x1b, 16], le(*id)].concat()),
            Value::Strong(child) => {
                file.create_storage(path.join(&name)).unwrap();
                write(file, &path.join(&name), child);
                (0x22, reference)
            }
            Value::Vector(children) | Value::Set(children) => {
                let is_set = matches!(value, Value::Set(_));
                let count = children.len() as u32;
                let mut keys: Vec<u8> =
                    [count, count, u32::MAX].into_iter().flat_map(u32::to_le_bytes).collect();
                let size = children.first().map_or(0, |child| child.id.len() as u8);
                if is_set {
                    keys.extend([1, 0x44, size]);
                }
                for (key, child) in children.iter().enumerate() {
                    keys.extend((key as u32).to_le_bytes());
                    if is_set {
                        keys.extend(1u32.to_le_bytes());
                        keys.extend(&child.id);
                    }
                    let path = path.join(format!("{name}{{{key:x}}}"));
                    file.create_storage(&path).unwrap();
                    write(file, &path, child);
                }
                let mut stream = file.create_stream(path.join(format!("{name} index"))).unwrap();
                stream.write_all(&keys).unwrap();
                (if is_set { 0x3A } else { 0x32 }, reference)
            }
        };
        index.extend([*id, form, bytes.len() as u16].into_iter().flat_map(u16::to_le_bytes));
        data.extend(bytes);
    }
    let head = [vec![b'L', 0x20], (node.values.len() as u16).to_le_bytes().into()].concat();
    let mut stream = file.create_stream(path.join("properties")).unwrap();
    stream.write_all(&[head, index, data].concat()).unwrap();
}
