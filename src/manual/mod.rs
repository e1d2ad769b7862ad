//! The manual, for those who carry the house on. Each chapter is a Markdown file beside this one.

#[doc = include_str!("architecture.md")]
pub mod architecture {}
#[doc = include_str!("bench.md")]
pub mod bench {}
#[doc = include_str!("states.md")]
pub mod states {}
#[doc = include_str!("wire.md")]
pub mod wire {}
#[doc = include_str!("server.md")]
pub mod server {}
#[doc = include_str!("scale.md")]
pub mod scale {}
#[doc = include_str!("delivery.md")]
pub mod delivery {}
#[doc = include_str!("fuzzing.md")]
pub mod fuzzing {}
#[doc = include_str!("defaults.md")]
pub mod defaults {}
#[doc = include_str!("errors.md")]
pub mod errors {}
#[doc = include_str!("package.md")]
pub mod package {}
#[doc = include_str!("size.md")]
pub mod size {}
#[doc = include_str!("testing.md")]
pub mod testing {}
#[doc = include_str!("widget.md")]
pub mod widget {}
