//! The pages for visitors who are not signed in, and the shell of the member app. The server renders them to plain
//! HTML; they work without scripts and are not hydrated.
//!
//! # How to add a page
//! Add its texts to [`text`], a function here that takes a [`Frame`] and its data, and its route on the server.

mod event;
mod layout;
mod pages;
pub mod text;

pub use event::{EventPage, Joining, event};
pub use layout::{Client, Frame, shell};
pub use pages::{
    CodePage, CodeProblem, Failure, InvitationPage, InvitationProblem, Person, SignInPage, SignInProblem,
    code, failure, invitation, landing, legal, sign_in, who,
};
