//! How far an order is: a pure machine of what comes next and what each end of a step makes of it.

use strowger_kinds::order;

use super::Sort;

/// The stand of every item, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Course(pub(crate) Vec<Stand>);

/// How far one item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) sort: Sort,
    /// Its parts. Each takes one step; one more ends the item.
    pub(crate) parts: u16,
    pub(crate) phase: Phase,
    /// Forward: steps done. Back: parts that are still to be undone.
    pub(crate) step: u16,
}

/// What is being done with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    Doing,
    /// A step failed, what was done is being undone.
    Failing,
    /// The order was cancelled, what was done is being undone.
    Cancelling,
    Completed,
    Failed,
    Cancelled,
}

/// What to do next with the item of that position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing was done yet: tell that it begins.
    Begin(usize),
    /// The step of that number.
    Forward(usize, u16),
    /// Undo the part of that number.
    Back(usize, u16),
    /// Nothing is there to undo: it is cancelled.
    Drop(usize),
    /// All has come to its end.
    End,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Begun,
    Stepped,
    /// A part that was started is started again.
    Renewed,
    Failed,
    Undone,
    Dropped,
}

impl Course {
    /// A course of which nothing is done.
    pub(crate) fn new(items: impl Iterator<Item = (Sort, u16)>) -> Self {
        Self(items.map(|(sort, parts)| Stand { sort, parts, phase: Phase::Waiting, step: 0 }).collect())
    }

    /// What to do next. Items go one after the other; cancelled, they go back in reverse. An ended service does not
    /// come back: an item that has begun to end one goes on to its end.
    pub(crate) fn next(&self, cancelling: bool) -> Next {
        let found = if cancelling {
            self.0.iter().enumerate().rev().find_map(|(item, stand)| stand.next_cancelling(item))
        } else {
            self.0.iter().enumerate().find_map(|(item, stand)| stand.next(item))
        };
        found.unwrap_or(Next::End)
    }

    /// Takes in what came of the item's step; the next item begins in the same moment.
    pub(crate) fn take(&mut self, item: usize, event: Event, cancelling: bool) {
        if let Some(stand) = self.0.get_mut(item) {
            stand.take(event);
        }
        if !cancelling
            && let Next::Begin(next) = self.next(false)
            && let Some(stand) = self.0.get_mut(next)
        {
            stand.take(Event::Begun);
        }
    }

    /// The state of the order it comes to, once there is nothing left to do.
    pub(crate) fn end(&self, cancelling: bool) -> Option<u32> {
        if self.next(cancelling) != Next::End {
            return None;
        }
        let count = |phase| self.0.iter().filter(|stand| stand.phase == phase).count();
        Some(match count(Phase::Completed) {
            all if all == self.0.len() => order::COMPLETED,
            1.. => order::PARTIAL,
            0 if count(Phase::Cancelled) > 0 => order::CANCELLED,
            0 => order::FAILED,
        })
    }

    /// Steps that are done.
    pub(crate) fn done(&self) -> u32 {
        self.0.iter().map(|stand| u32::from(stand.step)).sum()
    }

    /// Steps there are.
    pub(crate) fn of(&self) -> u32 {
        self.0.iter().map(|stand| u32::from(stand.parts) + 1).sum()
    }
}

impl Stand {
    fn next(&self, item: usize) -> Option<Next> {
        match self.phase {
            Phase::Waiting => Some(Next::Begin(item)),
            Phase::Doing => Some(Next::Forward(item, self.step)),
            Phase::Failing | Phase::Cancelling => Some(self.back(item, self.step)),
            Phase::Completed | Phase::Failed | Phase::Cancelled => None,
        }
    }

    fn next_cancelling(&self, item: usize) -> Option<Next> {
        match (self.phase, self.sort) {
            (Phase::Waiting, _) => Some(Next::Drop(item)),
            (Phase::Doing | Phase::Completed, Sort::Add) => Some(self.back(item, self.touched())),
            (Phase::Doing, Sort::Remove) | (Phase::Failing | Phase::Cancelling, _) => self.next(item),
            (Phase::Completed, Sort::Remove) | (Phase::Failed | Phase::Cancelled, _) => None,
        }
    }

    fn back(&self, item: usize, left: u16) -> Next {
        left.checked_sub(1).map_or(Next::Drop(item), |part| Next::Back(item, part))
    }

    /// Parts a provider may know of: those that are started, and the one in hand.
    fn touched(&self) -> u16 {
        self.step.saturating_add(1).min(self.parts)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Begun => self.phase = Phase::Doing,
            Event::Renewed => {}
            Event::Stepped => {
                self.step = self.step.saturating_add(1).min(self.parts.saturating_add(1));
                if self.step > self.parts {
                    self.phase = Phase::Completed;
                }
            }
            Event::Failed => match self.sort {
                Sort::Add if self.parts > 0 => (self.phase, self.step) = (Phase::Failing, self.touched()),
                Sort::Add | Sort::Remove => (self.phase, self.step) = (Phase::Failed, 0),
            },
            Event::Undone => {
                if matches!(self.phase, Phase::Doing | Phase::Completed) {
                    (self.phase, self.step) = (Phase::Cancelling, self.touched());
                }
                self.step = self.step.saturating_sub(1);
                if self.step == 0 {
                    self.phase = if self.phase == Phase::Failing { Phase::Failed } else { Phase::Cancelled };
                }
            }
            Event::Dropped => (self.phase, self.step) = (Phase::Cancelled, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn add(parts: u16) -> Course {
        Course::new([(Sort::Add, parts)].into_iter())
    }

    #[test]
    fn the_straight_way_is_each_part_then_the_end() {
        let mut course = add(2);
        assert_eq!((course.next(false), course.of()), (Next::Begin(0), 3));
        course.take(0, Event::Begun, false);
        for step in 0..3 {
            assert_eq!(course.next(false), Next::Forward(0, step));
            assert_eq!(course.done(), u32::from(step));
            course.take(0, Event::Stepped, false);
        }
        assert_eq!((course.end(false), course.done()), (Some(order::COMPLETED), 3));
    }

    #[test]
    fn a_failure_undoes_the_part_in_hand_and_those_before_in_reverse() {
        let mut course = add(3);
        course.take(0, Event::Begun, false);
        course.take(0, Event::Stepped, false);
        course.take(0, Event::Failed, false);
        for part in [1, 0] {
            assert_eq!(course.next(false), Next::Back(0, part));
            course.take(0, Event::Undone, false);
        }
        assert_eq!(course.end(false), Some(order::FAILED));
    }

    #[test]
    fn cancelling_takes_back_what_was_complete() {
        let mut course = Course::new([(Sort::Add, 1), (Sort::Remove, 0), (Sort::Add, 1)].into_iter());
        course.take(0, Event::Begun, false);
        course.take(0, Event::Stepped, false);
        course.take(0, Event::Stepped, false);
        course.take(1, Event::Stepped, false);
        assert_eq!(course.next(true), Next::Back(2, 0));
        course.take(2, Event::Undone, true);
        assert_eq!(course.next(true), Next::Back(0, 0), "the ended service of item 1 stays ended");
        course.take(0, Event::Undone, true);
        assert_eq!(course.end(true), Some(order::PARTIAL));
    }

    proptest! {
        /// Whatever fails and whenever it is cancelled: it ends in bounded steps, nothing is started twice, and a part
        /// is left running only where its item is completed.
        #[test]
        fn every_course_ends_with_nothing_left_over(
            shapes in prop::collection::vec((any::<bool>(), 0u16..4), 1..5),
            fates in prop::collection::vec(0u8..8, 80),
            cancel_at in 0usize..80,
        ) {
            let sort = |add| if add { Sort::Add } else { Sort::Remove };
            let mut course = Course::new(shapes.iter().map(|(add, parts)| (sort(*add), *parts)));
            let mut runs: Vec<Vec<u8>> = shapes.iter().map(|(_, parts)| vec![0; usize::from(*parts)]).collect();
            let mut ended = None;
            for (turn, fate) in fates.iter().enumerate() {
                let cancelling = turn >= cancel_at;
                let (item, event) = match course.next(cancelling) {
                    Next::End => { ended = course.end(cancelling); break; }
                    Next::Begin(item) => (item, Event::Begun),
                    Next::Drop(item) => (item, Event::Dropped),
                    Next::Back(item, part) => { runs[item][usize::from(part)] = 0; (item, Event::Undone) }
                    Next::Forward(item, step) => {
                        let part = usize::from(step);
                        if shapes[item].0 && part < runs[item].len() {
                            prop_assert_eq!(runs[item][part], 0, "started twice");
                            runs[item][part] = 1;
                        }
                        let may_fail = course.0[item].parts > 0;
                        (item, if *fate == 0 && may_fail { Event::Failed } else { Event::Stepped })
                    }
                };
                course.take(item, event, cancelling);
            }
            prop_assert!(ended.is_some(), "it does not end: {course:?}");
            for (stand, runs) in course.0.iter().zip(&runs) {
                let wanted = stand.sort == Sort::Add && stand.phase == Phase::Completed;
                prop_assert!(runs.iter().all(|r| *r == u8::from(wanted)), "{course:?} {runs:?}");
            }
        }
    }
}
