//! Me: what I did, my company, my devices, my language, my data, help, signing out.

mod activity_page;
mod company_page;
mod devices_page;
mod help_page;
mod language_page;
mod me_page;
mod privacy_page;
mod sign_out_page;

pub use activity_page::activity_page;
pub use company_page::company_page;
pub use devices_page::devices_page;
pub use help_page::help_page;
pub use language_page::language_page;
pub use me_page::me_page;
pub use privacy_page::privacy_page;
pub use sign_out_page::sign_out_page;
