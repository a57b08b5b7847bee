//! The things of a phone that [`Command::samples`](domain::Command::samples) name: for the simulator and the fault tests,
//! whose phones then make every act there is.

use crate::phone::Phone;
use domain::document::{Collection, Feature};
use domain::id::CommandId;
use domain::learning::{Answer, Course, Form, Given};
use domain::programme::Programme;
use domain::rewards::{Redemption, Reward, Step};
use domain::samples::Things;
use domain::{Command, events, members, notices};

/// Things that the phone knows; `pick` returns a place below the count it is given.
pub fn things(phone: &Phone, mut pick: impl FnMut(usize) -> usize) -> Things {
    let replica = &phone.replica;
    let none = Things::none();
    let mut one = |count: usize| (count > 0).then(|| pick(count));
    let mut courses: Vec<Course> = replica.all(Collection::Course);
    let course = one(courses.len()).map(|at| courses.swap_remove(at));
    let lessons = course.iter().flat_map(|course| &course.lessons);
    let lessons: Vec<&String> = lessons.map(|lesson| &lesson.lesson).collect();
    let events: Vec<events::Event> = replica.all(Collection::Event);
    let registered: Vec<events::Registration> = replica.all(Collection::Registration);
    let other = one(events.len()).map_or(none.other_event, |at| events[at].id);
    let rewards: Vec<Reward> = replica.all(Collection::Reward);
    let reward = one(rewards.len()).map(|at| &rewards[at]);
    let programme: Option<Programme> = replica.one(Collection::Programme, "programme");
    let languages = programme.map(|programme| programme.languages).unwrap_or_default();
    let devices: Vec<members::Device> = replica.all(Collection::Device);
    let notices: Vec<notices::Notice> = replica.all(Collection::Notice);
    let requests = requests(phone);
    Things {
        course: course.as_ref().map_or(none.course, |course| course.id),
        lesson: one(lessons.len()).map_or(none.lesson, |at| lessons[at].clone()),
        version: course.as_ref().map_or(none.version, |course| course.version),
        answers: course.as_ref().map_or(none.answers, |course| {
            let graded = course.graded.iter();
            graded
                .map(|question| Answer {
                    question: question.question.clone(),
                    given: guess(&question.form, &mut one),
                })
                .collect()
        }),
        event: one(registered.len()).map_or(other, |at| registered[at].event),
        other_event: other,
        reward: reward.map_or(none.reward, |reward| reward.id),
        points: reward.map_or(none.points, |reward| reward.points),
        language: one(languages.len()).map_or(none.language, |at| languages[at]),
        session: one(devices.len()).map_or(none.session, |at| devices[at].session),
        notice: one(notices.len()).map_or(none.notice, |at| notices[at].id),
        redemption: one(requests.len()).map_or(none.redemption, |at| requests[at]),
    }
}

/// True where the command names something that the phone does not have.
pub fn names_nothing(command: &Command) -> bool {
    let json = serde_json::to_string(command).unwrap_or_default();
    json.contains(&uuid::Uuid::nil().to_string())
}

/// Requests that are not handled yet, as far as the phone knows.
fn requests(phone: &Phone) -> Vec<CommandId> {
    let known: Vec<Redemption> = phone.replica.all(Collection::Redemption);
    let made = phone.acts::<domain::rewards::Command>(Feature::Rewards);
    let made = made.filter_map(|(item, command)| match command {
        domain::rewards::Command::Redeem { .. } => Some(item.id),
        domain::rewards::Command::TakeBack { .. } => None,
    });
    let made: Vec<CommandId> = made
        .filter(|id| known.iter().all(|redemption| redemption.id != *id))
        .collect();
    let open = known.iter().filter(|one| one.step() == Step::Reserved);
    open.map(|redemption| redemption.id).chain(made).collect()
}

fn guess(form: &Form, one: &mut impl FnMut(usize) -> Option<usize>) -> Given {
    let mut below = |count: usize| one(count).unwrap_or_default() as u8;
    match form {
        Form::Single { options } => Given::Single(below(options.len())),
        Form::Multiple { options } => Given::Multiple(vec![below(options.len())]),
        Form::TrueFalse => Given::TrueFalse(below(2) == 0),
        Form::Ordering { options } => Given::Ordering((0..options.len() as u8).collect()),
        Form::Number { .. } | Form::Newer => Given::Number(i64::from(below(20)) * 1000),
    }
}
