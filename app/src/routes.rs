//! The URLs of the member app. Links are made from a [`Route`], so a dead link does not compile.

use domain::id::{CommandId, CourseId, EventId, RewardId};
use domain::ledger::Wallet;
use std::fmt::Display;

#[cfg(feature = "csr")]
use crate::chunk::{self, Chunk, Missing};
#[cfg(feature = "csr")]
use crate::{activity, events, home, learning, ledger, members, rewards, shell};
#[cfg(feature = "csr")]
use leptos::prelude::AnyView;

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident $(($($value:ident: $type:ty),+))? = [$($segment:tt),*], $tab:ident, $parent:expr, $kind:ident $made:expr;)*) => {
        /// A screen.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Route {
            $($(#[$doc])* $name $(($($type),+))?,)*
            NotFound,
        }

        impl Route {
            fn find(segments: &[&str]) -> Option<Route> {
                Some(match segments {
                    $(["app", $($segment),*] => Route::$name $(($($value.parse().ok()?),+))?,)*
                    _ => return None,
                })
            }

            /// The path of the screen.
            pub fn path(&self) -> String {
                match self {
                    $(Route::$name $(($($value),+))? => join(&[$(&$segment),*]),)*
                    Route::NotFound => join(&[]),
                }
            }

            /// The tab it belongs to.
            pub fn tab(&self) -> Option<Tab> {
                match self {
                    $(Route::$name { .. } => Some(Tab::$tab),)*
                    Route::NotFound => None,
                }
            }

            /// The screen that lies above it.
            pub fn parent(&self) -> Option<Route> {
                match self.clone() {
                    $(Route::$name $(($($value),+))? => {
                        $($(let _ = &$value;)+)?
                        $parent
                    })*
                    Route::NotFound => Some(Route::Home),
                }
            }

            /// The chunk that its code is in; none where it is in the core.
            #[cfg(feature = "csr")]
            pub fn chunk(&self) -> Option<Chunk> {
                match self {
                    $(Route::$name { .. } => routes!(@chunk $kind $made),)*
                    Route::NotFound => None,
                }
            }

            /// Makes the screen.
            ///
            /// # Errors
            /// Where it is in a chunk that is not here.
            #[cfg(feature = "csr")]
            pub fn screen(self) -> Result<AnyView, Missing> {
                match self.clone() {
                    $(Route::$name $(($($value),+))? => {
                        $($(let _ = &$value;)+)?
                        routes!(@screen $kind $made, self)
                    })*
                    Route::NotFound => Ok(shell::not_found()),
                }
            }

            #[cfg(test)]
            const PATTERNS: &[&[&str]] = &[$(&[$(stringify!($segment)),*]),*];
        }
    };
    (@chunk page $made:expr) => { None };
    (@chunk chunk $feature:expr) => { Some($feature.0) };
    (@screen page $made:expr, $route:expr) => { Ok($made) };
    (@screen chunk $feature:expr, $route:expr) => { chunk::screen(($feature.1)($route)) };
}

// A screen: the segments of its path, its tab, the screen above it, and what makes it: a page of the core, or a chunk.
// Fixed segments stand before values in the same place.
routes! {
    Home = [], Home, None, page home::home_page();
    Learn = ["learn"], Learn, None, chunk (learning::CHUNK, learning::screen);
    Course(course: CourseId) = ["learn", course], Learn, Some(Route::Learn), chunk (learning::CHUNK, learning::screen);
    Practice(course: CourseId) = ["learn", course, "practice"], Learn, Some(Route::Course(course)), chunk (learning::CHUNK, learning::screen);
    Quiz(course: CourseId) = ["learn", course, "quiz"], Learn, Some(Route::Course(course)), chunk (learning::CHUNK, learning::screen);
    Lesson(course: CourseId, lesson: String) = ["learn", course, "lesson", lesson], Learn, Some(Route::Course(course)), chunk (learning::CHUNK, learning::screen);
    /// What became of a quiz that was handed in.
    Attempt(course: CourseId, attempt: CommandId) = ["learn", course, "attempt", attempt], Learn, Some(Route::Course(course)), chunk (learning::CHUNK, learning::screen);
    Events = ["events"], Events, None, page events::list_page();
    Event(event: EventId) = ["events", event], Events, Some(Route::Events), page events::detail_page(event);
    Ticket(event: EventId) = ["events", event, "ticket"], Events, Some(Route::Event(event)), page events::ticket_page(event);
    Rewards = ["rewards"], Rewards, None, page rewards::list_page();
    Reward(reward: RewardId) = ["rewards", reward], Rewards, Some(Route::Rewards), page rewards::detail_page(reward);
    Request(request: CommandId) = ["rewards", "request", request], Rewards, Some(Route::Rewards), page rewards::request_page(request);
    Me = ["me"], Me, None, page members::me_page();
    Activity = ["me", "activity"], Me, Some(Route::Me), page activity::activity_page();
    Points = ["me", "points"], Me, Some(Route::Me), page ledger::points_page(Wallet::Own);
    CompanyPoints = ["me", "points", "company"], Me, Some(Route::Me), page ledger::points_page(Wallet::Company);
    Company = ["me", "company"], Me, Some(Route::Me), page members::company_page();
    Colleagues = ["me", "company", "members"], Me, Some(Route::Company), chunk (members::CHUNK, members::screen);
    Devices = ["me", "devices"], Me, Some(Route::Me), chunk (members::CHUNK, members::screen);
    Language = ["me", "language"], Me, Some(Route::Me), page members::language_page();
    Privacy = ["me", "privacy"], Me, Some(Route::Me), chunk (members::CHUNK, members::screen);
    Help = ["me", "help"], Me, Some(Route::Me), page members::help_page();
    SignOut = ["me", "sign-out"], Me, Some(Route::Me), page members::sign_out_page();
}

impl Route {
    /// The points of a wallet.
    pub fn points(wallet: Wallet) -> Route {
        match wallet {
            Wallet::Company => Route::CompanyPoints,
            Wallet::Own | Wallet::Newer => Route::Points,
        }
    }

    /// The screen at a path.
    pub fn parse(path: &str) -> Route {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        Route::find(&segments).unwrap_or(Route::NotFound)
    }
}

fn join(segments: &[&dyn Display]) -> String {
    let mut path = String::from("/app");
    for segment in segments {
        path.push('/');
        path.push_str(&segment.to_string());
    }
    path
}

/// A section of the app in the tab bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Home,
    Learn,
    Events,
    Rewards,
    Me,
}

impl Tab {
    pub const ALL: [Tab; 5] = [Tab::Home, Tab::Learn, Tab::Events, Tab::Rewards, Tab::Me];

    pub fn route(self) -> Route {
        match self {
            Tab::Home => Route::Home,
            Tab::Learn => Route::Learn,
            Tab::Events => Route::Events,
            Tab::Rewards => Route::Rewards,
            Tab::Me => Route::Me,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_path_leads_back_to_its_screen() {
        let mut paths = BTreeSet::new();
        for pattern in Route::PATTERNS {
            let segments = pattern.iter().map(|segment| match segment.strip_prefix('"') {
                Some(fixed) => fixed.trim_end_matches('"').to_owned(),
                // An id of any kind, and a name of a lesson.
                None => "0198c5b2-7f00-7000-8000-000000000001".to_owned(),
            });
            let path = ["/app".to_owned()]
                .into_iter()
                .chain(segments)
                .collect::<Vec<_>>()
                .join("/");
            let route = Route::parse(&path);
            assert_ne!(route, Route::NotFound, "{path}");
            assert_eq!(route.path(), path);
            assert!(route.tab().is_some());
            assert_eq!(
                route.parent().and_then(|parent| parent.tab()),
                route.parent().and(route.tab())
            );
            paths.insert(path);
        }
        assert_eq!(paths.len(), Route::PATTERNS.len());
        for path in ["/app/learn/x", "/app/nothing", "/", "/app/events/1/ticket"] {
            assert_eq!(Route::parse(path), Route::NotFound, "{path}");
        }
    }
}
