//! The public pages and forms.

use super::layout::{Frame, page};
use super::text;
use domain::Lang;
use domain::id::MemberId;
use leptos::prelude::*;

/// The landing page.
pub fn landing(frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let title = text::landing_title(lang, frame.brand);
    let main = view! {
        <section class="card">
            <h1>{title.clone()}</h1>
            <p>{text::landing_lead(lang)}</p>
            <a class="button primary" href="/sign-in">
                {text::sign_in(lang)}
            </a>
            <a href="/invitation">{text::have_card(lang)}</a>
        </section>
        <section class="written">
            <h2>{text::landing_points_title(lang)}</h2>
            <p>{text::landing_points(lang)}</p>
            <h2>{text::landing_learn_title(lang)}</h2>
            <p>{text::landing_learn(lang)}</p>
            <h2>{text::landing_offline_title(lang)}</h2>
            <p>{text::landing_offline(lang)}</p>
            <p class="hint">{text::landing_members(lang)}</p>
        </section>
    };
    page(frame, &title, main)
}

/// A member of the demo.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub about: String,
    pub address: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    Unreadable,
    TooMany,
}

/// The sign-in page: asks for the address to send a code to.
#[derive(Clone, Debug, Default)]
pub struct SignInPage {
    pub address: String,
    pub problem: Option<SignInProblem>,
    /// Only in a demo.
    pub people: Vec<Person>,
}

pub fn sign_in(frame: &Frame<'_>, shown: SignInPage) -> String {
    let lang = frame.lang;
    let problem = shown.problem.map(|problem| match problem {
        SignInProblem::Unreadable => text::address_unreadable(lang),
        SignInProblem::TooMany => text::too_many_codes(lang),
    });
    let field = Field {
        name: "address",
        label: text::address_label(lang),
        hint: text::address_hint(lang),
        value: shown.address,
        autocomplete: "username",
        inputmode: "email",
        maxlength: 254,
    };
    let demo = (!shown.people.is_empty()).then(|| {
        let people = shown.people.into_iter().map(|person| {
            view! {
                <li>
                    <form method="post" action="/sign-in">
                        <input type="hidden" name="address" value=person.address />
                        <button class="button" type="submit">
                            <span>
                                {person.name} <br /> <small>{person.about}</small>
                            </span>
                        </button>
                    </form>
                </li>
            }
        });
        view! {
            <section class="card" data-demo="">
                <h2>{text::demo_title(lang)}</h2>
                <p class="hint">{text::demo_hint(lang)}</p>
                <ul class="demo-list">{people.collect_view()}</ul>
            </section>
        }
    });
    let main = view! {
        {demo}
        <section class="card">
            <h1>{text::sign_in(lang)}</h1>
            <p>{text::sign_in_lead(lang)}</p>
            <form method="post" action="/sign-in" novalidate="">
                {field.view(problem)}
                <button class="button primary" type="submit">
                    {text::address_send(lang)}
                </button>
            </form>
            <a href="/invitation">{text::have_card(lang)}</a>
        </section>
    };
    page(frame, text::sign_in(lang), main)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeProblem {
    Wrong { left: i64 },
    Stale,
    TooManyTries,
    TooManyCodes,
}

/// The page that asks for the code.
#[derive(Clone, Debug, Default)]
pub struct CodePage {
    pub address: Option<String>,
    pub problem: Option<CodeProblem>,
    pub sent_again: bool,
    pub demo_code: Option<String>,
}

pub fn code(frame: &Frame<'_>, shown: CodePage) -> String {
    let lang = frame.lang;
    let problem = shown.problem.map(|problem| match problem {
        CodeProblem::Wrong { left } => text::code_wrong(lang, left),
        CodeProblem::Stale => text::code_stale(lang).to_owned(),
        CodeProblem::TooManyTries => text::too_many_tries(lang).to_owned(),
        CodeProblem::TooManyCodes => text::too_many_codes(lang).to_owned(),
    });
    let field = Field {
        name: "code",
        label: text::code_label(lang),
        hint: text::code_hint(lang),
        value: String::new(),
        autocomplete: "one-time-code",
        inputmode: "numeric",
        maxlength: 12,
    };
    let sent = shown
        .address
        .as_ref()
        .map(|address| view! { <p>{text::code_sent(lang, address)}</p> });
    let again = shown
        .sent_again
        .then(|| view! { <p role="status">{text::code_sent_again(lang)}</p> });
    let demo = shown.demo_code.map(|code| {
        view! {
            <p class="hint">
                {text::demo_code(lang)} " " <strong data-demo-code=code.clone()>{code.clone()}</strong>
            </p>
        }
    });
    let resend = shown.address.is_some().then(|| {
        view! {
            <form method="post" action="/sign-in/again">
                <button class="button" type="submit">
                    {text::code_again(lang)}
                </button>
            </form>
        }
    });
    let main = view! {
        <section class="card">
            <h1>{text::code_title(lang)}</h1>
            {sent}
            {again}
            {demo}
            <form method="post" action="/sign-in/code" novalidate="">
                {field.view(problem)}
                <button class="button primary" type="submit">
                    {text::code_enter(lang)}
                </button>
            </form>
            {resend}
            <a href="/sign-in">{text::other_address(lang)}</a>
        </section>
    };
    page(frame, text::code_title(lang), main)
}

/// The page after the code of a number that is several members'.
pub fn who(frame: &Frame<'_>, people: Vec<(MemberId, String)>) -> String {
    let lang = frame.lang;
    let people = people.into_iter().map(|(member, name)| {
        view! {
            <button class="button" type="submit" name="member" value=member.to_string()>
                {name}
            </button>
        }
    });
    let main = view! {
        <section class="card">
            <h1>{text::who_title(lang)}</h1>
            <p>{text::who_lead(lang)}</p>
            <form class="actions" method="post" action="/sign-in/who">
                {people.collect_view()}
            </form>
            <a href="/sign-in">{text::other_address(lang)}</a>
        </section>
    };
    page(frame, text::who_title(lang), main)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationProblem {
    Stale,
    TooMany,
}

/// The page for a code from a card or the helpdesk.
#[derive(Clone, Debug, Default)]
pub struct InvitationPage {
    pub code: String,
    pub problem: Option<InvitationProblem>,
}

pub fn invitation(frame: &Frame<'_>, shown: InvitationPage) -> String {
    let lang = frame.lang;
    let problem = shown.problem.map(|problem| match problem {
        InvitationProblem::Stale => text::invitation_stale(lang),
        InvitationProblem::TooMany => text::too_many_tries(lang),
    });
    let scanned = !shown.code.is_empty() && shown.problem.is_none();
    let field = Field {
        name: "code",
        label: text::invitation_label(lang),
        hint: text::invitation_hint(lang),
        value: shown.code,
        autocomplete: "off",
        inputmode: "text",
        maxlength: 40,
    };
    let lead = if scanned {
        text::invitation_scanned(lang)
    } else {
        text::invitation_lead(lang)
    };
    let main = view! {
        <section class="card">
            <h1>{text::invitation_title(lang)}</h1>
            <p>{lead}</p>
            <form method="post" action="/invitation" novalidate="">
                {field.view(problem)}
                <button class="button primary" type="submit">
                    {text::invitation_enter(lang)}
                </button>
            </form>
            <a href="/sign-in">{text::sign_in(lang)}</a>
        </section>
    };
    page(frame, text::invitation_title(lang), main)
}

/// The legal page: data stored, retention and rights.
pub fn legal(frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let list = |lines: &[fn(Lang) -> &'static str]| {
        lines
            .iter()
            .map(|line| view! { <li>{line(lang)}</li> })
            .collect_view()
    };
    let main = view! {
        <article class="card written">
            <h1>{text::legal(lang)}</h1>
            <h2>{text::legal_kept_title(lang)}</h2>
            <ul>
                {list(
                    &[text::legal_who, text::legal_orders, text::legal_acts, text::legal_devices, text::legal_phone],
                )}
            </ul>
            <h2>{text::legal_long_title(lang)}</h2>
            <ul>
                {list(
                    &[text::legal_long_codes, text::legal_long_sessions, text::legal_long_acts, text::legal_long_points, text::legal_long_rest],
                )}
            </ul>
            <h2>{text::legal_never_title(lang)}</h2>
            <p>{text::legal_never(lang)}</p>
            <h2>{text::legal_rights_title(lang)}</h2>
            <p>{text::legal_rights(lang)}</p>
        </article>
    };
    page(frame, text::legal(lang), main)
}

/// The kind of an error page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    NotFound,
    Refused,
    Unreadable,
    Broken,
}

/// `trouble`: the id to give to the support.
pub fn failure(frame: &Frame<'_>, failure: Failure, trouble: Option<&str>) -> String {
    let lang = frame.lang;
    let (title, said) = match failure {
        Failure::NotFound => (text::not_found_title(lang), text::not_found(lang)),
        Failure::Refused => (text::refused_title(lang), text::refused(lang)),
        Failure::Unreadable => (text::unreadable_title(lang), text::unreadable(lang)),
        Failure::Broken => (text::broken_title(lang), text::broken(lang)),
    };
    let trouble = trouble.map(|id| view! { <p class="hint">{text::trouble(lang, id)}</p> });
    let main = view! {
        <section class="card">
            <h1>{title}</h1>
            <p>{said}</p>
            {trouble}
            <a class="button" href="/">
                {text::back(lang)}
            </a>
        </section>
    };
    page(frame, title, main)
}

/// A labelled field, with its hint and its error.
struct Field {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    autocomplete: &'static str,
    inputmode: &'static str,
    maxlength: u32,
}

impl Field {
    fn view(self, problem: Option<impl Into<String>>) -> impl IntoView {
        let Field {
            name,
            label,
            hint,
            value,
            autocomplete,
            inputmode,
            maxlength,
        } = self;
        let problem: Option<String> = problem.map(Into::into);
        let described = if problem.is_some() {
            format!("{name}-error {name}-hint")
        } else {
            format!("{name}-hint")
        };
        let invalid = problem.is_some().then_some("true");
        let problem = problem.map(|said| {
            view! {
                <p class="error" id=format!("{name}-error") role="alert">
                    {said}
                </p>
            }
        });
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <input
                    id=name
                    name=name
                    type="text"
                    value=value
                    autocomplete=autocomplete
                    inputmode=inputmode
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength=maxlength
                    required=true
                    aria-describedby=described
                    aria-invalid=invalid
                />
                {problem}
                <p class="hint" id=format!("{name}-hint")>
                    {hint}
                </p>
            </div>
        }
    }
}
