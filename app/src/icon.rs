//! The icon set: strokes on a grid of 24, in the colour of the adjacent text.

use leptos::prelude::*;

/// An icon. It is always shown beside its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Home,
    Learn,
    Events,
    Rewards,
    Me,
    Back,
    Next,
    Phone,
    Sent,
    Done,
    Refused,
    Stuck,
    Clock,
    Call,
    Mail,
    Map,
    Calendar,
    Ticket,
    Up,
    Down,
    Offline,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Icon::Home => "M3 11.5 12 4l9 7.5M6 10v10h12V10M10 20v-6h4v6",
            Icon::Learn => "M12 6c-2-1.5-5-2-9-2v14c4 0 7 .5 9 2 2-1.5 5-2 9-2V4c-4 0-7 .5-9 2zM12 6v14",
            Icon::Events => "M4 6h16v14H4zM4 10.5h16M8.5 3v5M15.5 3v5",
            Icon::Rewards => {
                "M4 9h16v4H4zM6 13v7h12v-7M12 9v11M12 9C8 9 7 4 9.5 4S12 9 12 9zM12 9c4 0 5-5 2.5-5S12 9 12 9z"
            }
            Icon::Me => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5c1-4 4-5.5 8-5.5s7 1.5 8 5.5",
            Icon::Back => "M15 5l-7 7 7 7",
            Icon::Next => "M9 5l7 7-7 7",
            Icon::Phone => "M7 3h10v18H7zM11 18h2",
            Icon::Sent => "M12 20V5M6 11l6-6 6 6",
            Icon::Done => "M5 12.5l4.5 4.5L19 7",
            Icon::Refused => "M6 6l12 12M18 6L6 18",
            Icon::Stuck => "M12 4l9 16H3zM12 10v4.5M12 17.200v.3",
            Icon::Clock => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5.5l3.5 2",
            Icon::Call => {
                "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1C11 20 4 13 4 5a1 1 0 0 1 1-1z"
            }
            Icon::Mail => "M3 6h18v13H3zM3 7l9 7 9-7",
            Icon::Map => {
                "M12 21s7-6.5 7-11.5a7 7 0 1 0-14 0C5 14.5 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Icon::Calendar => "M4 6h16v14H4zM4 10.5h16M8.5 3v5M15.5 3v5M12 12.5v5M9.5 15h5",
            Icon::Ticket => {
                "M3 7h18v3.5a1.5 1.5 0 0 0 0 3V17H3v-3.5a1.5 1.5 0 0 0 0-3zM14 7v2M14 11v2M14 15v2"
            }
            Icon::Up => "M5 15l7-7 7 7",
            Icon::Down => "M5 9l7 7 7-7",
            Icon::Offline => {
                "M3 3l18 18M5 12.5a10 10 0 0 1 4-2.5M19 12.5a10 10 0 0 0-5-2.800M8.5 16a5 5 0 0 1 7 0M12 19.5v.3"
            }
        }
    }
}

/// Draws an icon.
pub fn icon(icon: Icon) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=icon.path() />
        </svg>
    }
    .into_any()
}
