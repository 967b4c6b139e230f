//! The stored form of plans and journals: CBOR arrays by position, the first element the form's version.

use std::collections::BTreeMap;

use bytes::Bytes;
use minicbor::decode::Error as Bad;
use minicbor::{Decoder, Encoder};
use strowger_kinds::order;
use strowger_primitive::{Check, Component, DocKey, HealthCheck, Id, Limits, Name, OwnKey, StepId, Text};

use super::course::{Phase, Stand};
use super::{Course, Item, Part, Plan, Sort};

/// The room of the journals; the plans have one of their own, so that a journal stays small.
pub(crate) const JOURNALS: &str = "saga";
const PLANS: &str = "saga-plan";
const VERSION: u8 = 1;

/// How far an order is, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Journal {
    pub(crate) order: DocKey,
    pub(crate) course: Course,
}

pub(crate) fn journal_key(order: Id) -> OwnKey {
    OwnKey::new(JOURNALS, &[&order.0.to_be_bytes()])
}

pub(crate) fn plan_key(order: Id) -> OwnKey {
    OwnKey::new(PLANS, &[&order.0.to_be_bytes()])
}

/// Why what was kept cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("what is kept of an order in flight cannot be read: {0}")]
pub(crate) struct Unreadable(String);

impl From<Bad> for Unreadable {
    fn from(bad: Bad) -> Self {
        Self(bad.to_string())
    }
}

/// What is kept of an order may have so many octets: each item repeats what its offer says.
const LONGEST: usize = 4 << 20;

/// Why an order cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("what is to be kept of an order has more than {LONGEST} octets")]
pub(crate) struct TooLong;

/// What is written, up to [`LONGEST`].
struct Bounded(Vec<u8>);

impl minicbor::encode::Write for Bounded {
    type Error = TooLong;

    fn write_all(&mut self, octets: &[u8]) -> Result<(), TooLong> {
        if octets.len() > LONGEST.saturating_sub(self.0.len()) {
            return Err(TooLong);
        }
        self.0.extend_from_slice(octets);
        Ok(())
    }
}

type Wrote = Result<(), minicbor::encode::Error<TooLong>>;
type Out = Encoder<Bounded>;

fn written(room: usize, write: impl FnOnce(&mut Out) -> Wrote) -> Result<Bytes, TooLong> {
    let mut out = Encoder::new(Bounded(Vec::with_capacity(room)));
    // Nothing else can fail.
    write(&mut out).map_err(|_| TooLong)?;
    Ok(out.into_writer().0.into())
}

impl Journal {
    pub(crate) fn write(order: &DocKey, course: &Course) -> Result<Bytes, TooLong> {
        written(64, |out| {
            out.array(4)?.u8(VERSION)?.str(order.tenant.as_str())?.str(order.name.as_str())?;
            out.array(course.0.len() as u64)?;
            for stand in &course.0 {
                out.array(4)?.u8(sort_no(stand.sort))?.u16(stand.parts)?.u8(phase_no(stand.phase))?.u16(stand.step)?;
            }
            Ok(())
        })
    }

    pub(crate) fn read(kept: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Decoder::new(kept);
        begin(&mut from, 4)?;
        let (tenant, name) = (name(&mut from)?, name(&mut from)?);
        let course = list(&mut from, |from| {
            exactly(from, 4)?;
            let (sort, parts) = (sort_of(from.u8()?)?, from.u16()?);
            Ok(Stand { sort, parts, phase: phase_of(from.u8()?)?, step: from.u16()? })
        })?;
        Ok(Self { order: DocKey { tenant, kind: order::DECL.number, name }, course: Course(course) })
    }
}

impl Plan {
    pub(crate) fn write(&self) -> Result<Bytes, TooLong> {
        written(512, |out| {
            out.array(2)?.u8(VERSION)?.array(self.0.len() as u64)?;
            for item in &self.0 {
                out.array(5)?.u32(item.no)?.u8(sort_no(item.sort))?.str(item.service.as_str())?;
                write_map(out, &item.values)?;
                out.array(item.parts.len() as u64)?;
                for part in &item.parts {
                    out.array(3)?.str(part.step.0.as_str())?.str(part.provider.as_str())?;
                    write_component(out, &part.component)?;
                }
            }
            Ok(())
        })
    }

    pub(crate) fn read(kept: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Decoder::new(kept);
        begin(&mut from, 2)?;
        let items = list(&mut from, |from| {
            exactly(from, 5)?;
            Ok(Item {
                no: from.u32()?,
                sort: sort_of(from.u8()?)?,
                service: name(from)?,
                values: read_map(from)?,
                parts: list(from, |from| {
                    exactly(from, 3)?;
                    Ok(Part { step: StepId(name(from)?), provider: name(from)?, component: read_component(from)? })
                })?,
            })
        })?;
        Ok(Self(items))
    }
}

fn write_component(out: &mut Out, component: &Component) -> Wrote {
    out.array(8)?.str(&component.name)?.str(&component.executable)?;
    write_texts(out, &component.arguments)?;
    write_map(out, &component.environment)?;
    write_map(out, &component.files)?;
    write_texts(out, &component.ports)?;
    let (limits, health) = (component.limits, &component.health);
    out.array(4)?.u64(limits.memory)?.u64(limits.cpu)?.u64(limits.files)?.u64(limits.output)?;
    let (check, target): (u8, &str) = match &health.check {
        None => (1, ""),
        Some(Check::Http(path)) => (2, path),
        Some(Check::Tcp) => (3, ""),
        Some(Check::Command(line)) => (4, line),
    };
    out.array(6)?.u8(check)?.str(target)?;
    out.u64(health.interval_ms)?.u64(health.timeout_ms)?.u64(health.start_ms)?.u64(health.stop_ms)?;
    Ok(())
}

fn read_component(from: &mut Decoder<'_>) -> Result<Component, Unreadable> {
    exactly(from, 8)?;
    let (name, executable) = (from.str()?.into(), from.str()?.into());
    let (arguments, environment, files, ports) =
        (read_texts(from)?, read_map(from)?, read_map(from)?, read_texts(from)?);
    exactly(from, 4)?;
    let limits = Limits { memory: from.u64()?, cpu: from.u64()?, files: from.u64()?, output: from.u64()? };
    exactly(from, 6)?;
    let check = match (from.u8()?, from.str()?) {
        (1, _) => None,
        (2, path) => Some(Check::Http(path.into())),
        (3, _) => Some(Check::Tcp),
        (4, line) => Some(Check::Command(line.into())),
        (other, _) => return Err(Unreadable(format!("no health check has the number {other}"))),
    };
    let health = HealthCheck {
        check,
        interval_ms: from.u64()?,
        timeout_ms: from.u64()?,
        start_ms: from.u64()?,
        stop_ms: from.u64()?,
    };
    Ok(Component { name, executable, arguments, environment, files, ports, limits, health })
}

fn write_texts(out: &mut Out, texts: &[Text]) -> Wrote {
    out.array(texts.len() as u64)?;
    for text in texts {
        out.str(text)?;
    }
    Ok(())
}

fn read_texts(from: &mut Decoder<'_>) -> Result<Vec<Text>, Unreadable> {
    list(from, |from| Ok(from.str()?.into()))
}

fn write_map(out: &mut Out, map: &BTreeMap<Text, Text>) -> Wrote {
    out.map(map.len() as u64)?;
    for (key, value) in map {
        out.str(key)?.str(value)?;
    }
    Ok(())
}

fn read_map(from: &mut Decoder<'_>) -> Result<BTreeMap<Text, Text>, Unreadable> {
    let entries = from.map()?.ok_or_else(|| Unreadable("a map of no length".to_owned()))?;
    (0..entries).map(|_| Ok((from.str()?.into(), from.str()?.into()))).collect()
}

fn list<T>(
    from: &mut Decoder<'_>,
    mut one: impl FnMut(&mut Decoder<'_>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Unreadable> {
    let length = from.array()?.ok_or_else(|| Unreadable("a list of no length".to_owned()))?;
    (0..length).map(|_| one(from)).collect()
}

fn exactly(from: &mut Decoder<'_>, length: u64) -> Result<(), Unreadable> {
    match from.array()? {
        Some(found) if found == length => Ok(()),
        found => Err(Unreadable(format!("{found:?} elements where {length} are expected"))),
    }
}

fn begin(from: &mut Decoder<'_>, length: u64) -> Result<(), Unreadable> {
    exactly(from, length)?;
    match from.u8()? {
        VERSION => Ok(()),
        other => Err(Unreadable(format!("it has form {other}, this release knows {VERSION}"))),
    }
}

fn name(from: &mut Decoder<'_>) -> Result<Name, Unreadable> {
    Name::new(from.str()?).map_err(|bad| Unreadable(bad.to_string()))
}

fn sort_no(sort: Sort) -> u8 {
    match sort {
        Sort::Add => 1,
        Sort::Remove => 2,
    }
}

fn sort_of(number: u8) -> Result<Sort, Unreadable> {
    [Sort::Add, Sort::Remove]
        .into_iter()
        .find(|sort| sort_no(*sort) == number)
        .ok_or_else(|| Unreadable(format!("no sort of item has the number {number}")))
}

fn phase_no(phase: Phase) -> u8 {
    match phase {
        Phase::Waiting => 1,
        Phase::Doing => 2,
        Phase::Failing => 3,
        Phase::Cancelling => 4,
        Phase::Completed => 5,
        Phase::Failed => 6,
        Phase::Cancelled => 7,
    }
}

fn phase_of(number: u8) -> Result<Phase, Unreadable> {
    use Phase::{Cancelled, Cancelling, Completed, Doing, Failed, Failing, Waiting};
    [Waiting, Doing, Failing, Cancelling, Completed, Failed, Cancelled]
        .into_iter()
        .find(|phase| phase_no(*phase) == number)
        .ok_or_else(|| Unreadable(format!("no phase has the number {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<Text, Text> {
        pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
    }

    fn plan() -> Plan {
        let part = |check| Part {
            step: super::super::step_id(Id(7), 1, 0).unwrap(),
            provider: Name::new("local-a").unwrap(),
            component: Component {
                name: "web".into(),
                executable: "strowger".into(),
                arguments: vec!["sample-app".into(), "".into()],
                environment: map(&[("A", "1")]),
                files: map(&[("x", "y")]),
                ports: vec!["http".into()],
                limits: Limits { memory: 1, cpu: 2, files: 3, output: u64::MAX },
                health: HealthCheck { check, interval_ms: 1, timeout_ms: 2, start_ms: 3, stop_ms: 4 },
            },
        };
        let checks =
            [None, Some(Check::Http("/".into())), Some(Check::Tcp), Some(Check::Command("a b".into()))].map(part);
        let item = |no, sort, parts| Item {
            no,
            sort,
            service: Name::new("demo-1").unwrap(),
            values: map(&[("greeting", "hi")]),
            parts,
        };
        Plan(vec![item(1, Sort::Add, checks.to_vec()), item(9, Sort::Remove, Vec::new())])
    }

    #[test]
    fn what_is_kept_reads_back() {
        let plan = plan();
        assert_eq!(Plan::read(&plan.write().unwrap()).unwrap(), plan);
        let course = Course(
            (1..=7)
                .map(|n| Stand { sort: Sort::Add, parts: 2, phase: phase_of(n).unwrap(), step: n.into() })
                .chain([Stand { sort: Sort::Remove, parts: 0, phase: Phase::Waiting, step: 0 }])
                .collect(),
        );
        let order =
            DocKey { tenant: Name::new("acme").unwrap(), kind: order::DECL.number, name: Name::new("demo-1").unwrap() };
        let kept = Journal::write(&order, &course).unwrap();
        assert_eq!(Journal::read(&kept).unwrap(), Journal { order, course });
    }

    #[test]
    fn no_plan_is_longer_than_it_may_be() {
        let mut plan = plan();
        let long = Text::from("y".repeat(65_535));
        plan.0[0].parts[0].component.files = (0..70).map(|no| (format!("f{no}").into(), long.clone())).collect();
        assert!(plan.write().is_err());
        plan.0[0].parts[0].component.files.retain(|name, _| name.len() == 2);
        assert!(plan.write().is_ok());
    }

    #[test]
    fn what_is_cut_or_changed_is_refused_and_never_panics() {
        let kept = plan().write().unwrap();
        for length in 0..kept.len() {
            assert!(Plan::read(&kept[..length]).is_err());
        }
        for at in 0..kept.len() {
            let mut other = kept.to_vec();
            other[at] ^= 0xFF;
            let _either = Plan::read(&other);
        }
        assert!(Journal::read(&[0x84, 2]).is_err(), "a newer form");
    }
}
