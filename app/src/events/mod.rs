//! Events: the agenda, one event, the ticket.

mod detail_page;
mod list_page;
mod ticket_page;

pub use detail_page::detail_page;
pub use list_page::{event_row, list_page, tile};
pub use ticket_page::ticket_page;
