//! Rewards: the shelves, one reward, and a request on its way.

mod detail_page;
mod list_page;
mod request_page;

pub use detail_page::detail_page;
pub use list_page::list_page;
pub use request_page::request_page;
