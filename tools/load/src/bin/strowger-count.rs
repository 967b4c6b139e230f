//! Counts the allocations of the bench `pipeline`: a program of its own, as counting costs time.

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    strowger_load::count(|| {
        let stats = ALLOCATOR.stats();
        stats.allocations.saturating_add(stats.reallocations) as u64
    })
}
