//! Rules: what policies allow, written in Cedar and decided from a table.

pub(crate) mod ask;
pub(crate) mod check;
pub(crate) mod decide;
pub(crate) mod language;
pub(crate) mod load;
mod walk;

#[cfg(test)]
mod tests;
