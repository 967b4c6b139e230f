//! Who has which port, and how many there are. What is true lies on disk, in the specifications; this is read from
//! there once and kept in step with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use strowger_primitive::Name;

use crate::Ports;

/// Ports and steps that are spoken for.
#[derive(Debug)]
pub(super) struct Ledger {
    taken: BTreeMap<u16, Name>,
    steps: BTreeSet<Name>,
    range: Ports,
    most: usize,
    next: u16,
}

/// Why there is no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    Full,
    NoPorts,
}

impl Ledger {
    /// `seed` decides where the search for ports begins, so that two gateways on one machine seldom meet.
    pub(super) fn new(range: Ports, most: usize, seed: u16) -> Self {
        let width = u32::from(range.last - range.first) + 1;
        let next = range.first.saturating_add(u16::try_from(u32::from(seed) % width).unwrap_or(0));
        Self { taken: BTreeMap::new(), steps: BTreeSet::new(), range, most, next }
    }

    /// What a specification found on disk speaks for.
    pub(super) fn adopt(&mut self, step: &Name, ports: impl IntoIterator<Item = u16>) {
        self.steps.insert(step.clone());
        self.taken.extend(ports.into_iter().map(|port| (port, step.clone())));
    }

    /// Speaks for so many ports that nobody has, of ours or not. What the step had before is given back.
    pub(super) fn reserve(&mut self, step: &Name, count: usize) -> Result<Vec<u16>, NoRoom> {
        self.release(step);
        if self.steps.len() >= self.most {
            return Err(NoRoom::Full);
        }
        let mut found = Vec::with_capacity(count);
        // Onward from the last one given: a port that was just given back rests for a while.
        let around = (self.next..=self.range.last).chain(self.range.first..self.next);
        let free = around.filter(|port| !self.taken.contains_key(port) && is_free(*port));
        found.extend(free.take(count));
        if found.len() < count {
            return Err(NoRoom::NoPorts);
        }
        if let Some(last) = found.last() {
            self.next = if *last == self.range.last { self.range.first } else { last + 1 };
        }
        self.adopt(step, found.iter().copied());
        Ok(found)
    }

    /// Nothing is spoken for by that step any more.
    pub(super) fn release(&mut self, step: &Name) {
        self.steps.remove(step);
        self.taken.retain(|_, owner| owner != step);
    }
}

/// Whether nobody listens there. A program may want either protocol on it.
pub(super) fn is_free(port: u16) -> bool {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    may_bind(&address).is_ok() && UdpSocket::bind(address).is_ok()
}

/// Bound and not listened on: a program of another gateway that begins just now is not in our way, nor we in its.
fn may_bind(address: &SocketAddrV4) -> rustix::io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, address)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    /// A range that is free on a machine where nothing else of ours runs.
    const RANGE: Ports = Ports { first: 19_000, last: 19_004 };

    #[test]
    fn nobody_gets_what_somebody_has() {
        let mut ledger = Ledger::new(RANGE, 9, 7);
        let Ok(TcpListenerAndPort(_held, foreign)) = foreign() else { panic!("no port of {RANGE} is free") };
        let first = ledger.reserve(&name("a"), 2).unwrap();
        let second = ledger.reserve(&name("b"), 2).unwrap();
        let all: BTreeSet<u16> = first.iter().chain(&second).copied().collect();
        assert_eq!(all.len(), 4);
        assert!(!all.contains(&foreign));
        assert_eq!(ledger.reserve(&name("c"), 1), Err(NoRoom::NoPorts));
        assert_eq!(ledger.reserve(&name("c"), 0), Ok(vec![]));
        ledger.release(&name("a"));
        assert_eq!(ledger.reserve(&name("d"), 2).unwrap().iter().collect::<BTreeSet<_>>(), first.iter().collect());
    }

    #[test]
    fn there_are_never_more_than_most() {
        let mut ledger = Ledger::new(RANGE, 2, 0);
        ledger.adopt(&name("a"), []);
        assert!(ledger.reserve(&name("b"), 0).is_ok());
        assert_eq!(ledger.reserve(&name("c"), 0), Err(NoRoom::Full));
        assert!(ledger.reserve(&name("b"), 0).is_ok(), "it has its place already");
    }

    struct TcpListenerAndPort(TcpListener, u16);

    fn foreign() -> std::io::Result<TcpListenerAndPort> {
        let mut last = None;
        for port in RANGE.first..=RANGE.last {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => return Ok(TcpListenerAndPort(listener, port)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap())
    }
}
