//! The addresses of the member app. A link is made from a [`Route`], so a dead one does not compile.

use domain::id::{CommandId, CourseId, EventId, RewardId};
use domain::ledger::Wallet;

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Home,
    Learn,
    Course(CourseId),
    Lesson(CourseId, String),
    Practice(CourseId),
    Quiz(CourseId),
    /// What became of a quiz that was handed in.
    Attempt(CourseId, CommandId),
    Events,
    Event(EventId),
    Ticket(EventId),
    Rewards,
    Reward(RewardId),
    Request(CommandId),
    Me,
    Activity,
    Points(Wallet),
    Company,
    Colleagues,
    Devices,
    Language,
    Privacy,
    Help,
    SignOut,
    NotFound,
}

impl Route {
    /// The screen at a path.
    pub fn parse(path: &str) -> Route {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        Route::find(&parts).unwrap_or(Route::NotFound)
    }

    fn find(parts: &[&str]) -> Option<Route> {
        Some(match parts {
            ["app"] => Route::Home,
            ["app", "learn"] => Route::Learn,
            ["app", "learn", course] => Route::Course(course.parse().ok()?),
            ["app", "learn", course, "practice"] => Route::Practice(course.parse().ok()?),
            ["app", "learn", course, "quiz"] => Route::Quiz(course.parse().ok()?),
            ["app", "learn", course, "lesson", lesson] => {
                Route::Lesson(course.parse().ok()?, (*lesson).to_owned())
            }
            ["app", "learn", course, "attempt", attempt] => {
                Route::Attempt(course.parse().ok()?, attempt.parse().ok()?)
            }
            ["app", "events"] => Route::Events,
            ["app", "events", event] => Route::Event(event.parse().ok()?),
            ["app", "events", event, "ticket"] => Route::Ticket(event.parse().ok()?),
            ["app", "rewards"] => Route::Rewards,
            ["app", "rewards", reward] => Route::Reward(reward.parse().ok()?),
            ["app", "rewards", "request", request] => Route::Request(request.parse().ok()?),
            ["app", "me"] => Route::Me,
            ["app", "me", "activity"] => Route::Activity,
            ["app", "me", "points"] => Route::Points(Wallet::Own),
            ["app", "me", "points", "company"] => Route::Points(Wallet::Company),
            ["app", "me", "company"] => Route::Company,
            ["app", "me", "company", "members"] => Route::Colleagues,
            ["app", "me", "devices"] => Route::Devices,
            ["app", "me", "language"] => Route::Language,
            ["app", "me", "privacy"] => Route::Privacy,
            ["app", "me", "help"] => Route::Help,
            ["app", "me", "sign-out"] => Route::SignOut,
            _ => return None,
        })
    }

    /// The path of the screen.
    pub fn path(&self) -> String {
        match self {
            Route::Home | Route::NotFound => "/app".into(),
            Route::Learn => "/app/learn".into(),
            Route::Course(course) => format!("/app/learn/{course}"),
            Route::Lesson(course, lesson) => format!("/app/learn/{course}/lesson/{lesson}"),
            Route::Practice(course) => format!("/app/learn/{course}/practice"),
            Route::Quiz(course) => format!("/app/learn/{course}/quiz"),
            Route::Attempt(course, attempt) => format!("/app/learn/{course}/attempt/{attempt}"),
            Route::Events => "/app/events".into(),
            Route::Event(event) => format!("/app/events/{event}"),
            Route::Ticket(event) => format!("/app/events/{event}/ticket"),
            Route::Rewards => "/app/rewards".into(),
            Route::Reward(reward) => format!("/app/rewards/{reward}"),
            Route::Request(request) => format!("/app/rewards/request/{request}"),
            Route::Me => "/app/me".into(),
            Route::Activity => "/app/me/activity".into(),
            Route::Points(Wallet::Company) => "/app/me/points/company".into(),
            Route::Points(_) => "/app/me/points".into(),
            Route::Company => "/app/me/company".into(),
            Route::Colleagues => "/app/me/company/members".into(),
            Route::Devices => "/app/me/devices".into(),
            Route::Language => "/app/me/language".into(),
            Route::Privacy => "/app/me/privacy".into(),
            Route::Help => "/app/me/help".into(),
            Route::SignOut => "/app/me/sign-out".into(),
        }
    }

    /// The tab it belongs to.
    pub fn tab(&self) -> Option<Tab> {
        Some(match self {
            Route::Home => Tab::Home,
            Route::Learn
            | Route::Course(_)
            | Route::Lesson(..)
            | Route::Practice(_)
            | Route::Quiz(_)
            | Route::Attempt(..) => Tab::Learn,
            Route::Events | Route::Event(_) | Route::Ticket(_) => Tab::Events,
            Route::Rewards | Route::Reward(_) | Route::Request(_) => Tab::Rewards,
            Route::Me
            | Route::Activity
            | Route::Points(_)
            | Route::Company
            | Route::Colleagues
            | Route::Devices
            | Route::Language
            | Route::Privacy
            | Route::Help
            | Route::SignOut => Tab::Me,
            Route::NotFound => return None,
        })
    }

    /// The screen that lies above it.
    pub fn parent(&self) -> Option<Route> {
        Some(match self {
            Route::Home | Route::Learn | Route::Events | Route::Rewards | Route::Me => return None,
            Route::Course(_) => Route::Learn,
            Route::Lesson(course, _)
            | Route::Practice(course)
            | Route::Quiz(course)
            | Route::Attempt(course, _) => Route::Course(*course),
            Route::Event(_) => Route::Events,
            Route::Ticket(event) => Route::Event(*event),
            Route::Reward(_) | Route::Request(_) => Route::Rewards,
            Route::Colleagues => Route::Company,
            Route::Activity
            | Route::Points(_)
            | Route::Company
            | Route::Devices
            | Route::Language
            | Route::Privacy
            | Route::Help
            | Route::SignOut => Route::Me,
            Route::NotFound => Route::Home,
        })
    }
}

/// A part of the app, one tap away from everywhere.
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

    #[test]
    fn every_path_leads_back_to_its_screen() {
        let course = CourseId(domain::id::uuid_v7(domain::Timestamp(1), [1; 10]));
        let command = CommandId(course.0);
        for route in [
            Route::Home,
            Route::Learn,
            Route::Course(course),
            Route::Lesson(course, "01-hands".into()),
            Route::Practice(course),
            Route::Quiz(course),
            Route::Attempt(course, command),
            Route::Events,
            Route::Event(EventId(course.0)),
            Route::Ticket(EventId(course.0)),
            Route::Rewards,
            Route::Reward(RewardId(course.0)),
            Route::Request(command),
            Route::Me,
            Route::Activity,
            Route::Points(Wallet::Own),
            Route::Points(Wallet::Company),
            Route::Company,
            Route::Colleagues,
            Route::Devices,
            Route::Language,
            Route::Privacy,
            Route::Help,
            Route::SignOut,
        ] {
            assert_eq!(Route::parse(&route.path()), route);
            assert!(route.tab().is_some());
        }
        for path in ["/app/learn/x", "/app/nothing", "/", "/app/events/1/ticket"] {
            assert_eq!(Route::parse(path), Route::NotFound, "{path}");
        }
    }
}
