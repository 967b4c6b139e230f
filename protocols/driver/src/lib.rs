//! The only socket loop. To be written.

mod system;

pub use system::System;
