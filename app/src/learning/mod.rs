//! Courses: what to learn, the lessons, practice, and the quiz that counts.

mod course_page;
mod lesson_page;
mod list_page;
mod practice_page;
mod question;
mod quiz_page;

pub use course_page::course_page;
pub use lesson_page::lesson_page;
pub use list_page::list_page;
pub use practice_page::practice_page;
pub use quiz_page::{attempt_page, quiz_page};
