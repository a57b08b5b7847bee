//! The pages for visitors who are not signed in, and their forms.

use super::device_name::device_name;
use super::error::{Problem, plain, refusal};
use super::{Branding, Shared, cookies};
use crate::site::BrandedAssets;
use crate::{demo, tasks};
use app::public::{
    self, CodePage, CodeProblem, EventPage, Failure, Frame, InvitationPage, InvitationProblem, Joining,
    Person, SignInPage, SignInProblem,
};
use axum::Form;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use backend::members::Addressee;
use backend::sessions::{self, Address, Checked, Limits, Message, Opened, Origin, Started};
use backend::{Db, Error, events, programme};
use domain::events::{Event, Venue};
use domain::id::MemberId;
use domain::{Lang, Timestamp};
use serde::Deserialize;
use tracing::Instrument;
use uuid::Uuid;

type Answered = Result<Response, Problem>;

/// Number of codes a demo keeps before it drops expired ones.
const MOST_DEMO_CODES: usize = 1000;

/// `?lang=en`
#[derive(Debug, Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    lang: Option<String>,
}

/// The reader of a page and their language.
struct Reader {
    app: Shared,
    branding: Branding,
    lang: Lang,
    /// True if they have just chosen it.
    chosen: bool,
}

impl Reader {
    async fn new(app: &Shared, headers: &HeaderMap, wish: &Wish) -> Reader {
        let branding = app.branding().await;
        let wish = wish.lang.as_deref().and_then(Lang::from_tag);
        let lang = wish
            .or_else(|| app.language(headers))
            .unwrap_or_else(|| accepted(headers, &branding.face));
        Reader {
            app: app.clone(),
            branding,
            lang,
            chosen: wish.is_some(),
        }
    }

    fn frame<'a>(&'a self, path: &'a str, warm: bool) -> Frame<'a> {
        Frame {
            lang: self.lang,
            brand: &self.branding.face.brand,
            client: &self.branding.site.client,
            path,
            warm,
        }
    }

    fn page(&self, status: StatusCode, html: String) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "cookie, accept-language"),
        ];
        let answer = (status, headers, html).into_response();
        cookies::with(answer, self.chosen.then(|| self.app.set_language(self.lang)))
    }
}

/// Returns the browser's first language that the programme supports, else the programme's first.
fn accepted(headers: &HeaderMap, face: &BrandedAssets) -> Lang {
    let listed = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let wanted = listed.split(',').filter_map(|one| {
        let tag = one.split(';').next().unwrap_or_default().trim();
        Lang::from_tag(tag.split('-').next().unwrap_or_default())
    });
    wanted
        .into_iter()
        .find(|lang| face.languages.contains(lang))
        .unwrap_or(face.language)
}

pub async fn landing(State(app): State<Shared>, Query(wish): Query<Wish>, headers: HeaderMap) -> Response {
    let reader = Reader::new(&app, &headers, &wish).await;
    // While the database does not respond, the app opens with what is on the phone.
    let live = app.session_token(&headers).is_some()
        && super::api::caller(&app, &headers)
            .await
            .map_or(true, |caller| caller.is_some());
    if live {
        return cookies::with(
            Redirect::to("/app").into_response(),
            reader.chosen.then(|| app.set_language(reader.lang)),
        );
    }
    reader.page(StatusCode::OK, public::landing(&reader.frame("/", false)))
}

pub async fn legal(State(app): State<Shared>, Query(wish): Query<Wish>, headers: HeaderMap) -> Response {
    let reader = Reader::new(&app, &headers, &wish).await;
    reader.page(StatusCode::OK, public::legal(&reader.frame("/legal", false)))
}

/// The page of a public event; the same for everybody.
pub async fn event(
    State(app): State<Shared>,
    Path(address): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answered {
    let reader = Reader::new(&app, &headers, &wish).await;
    let mut tx = app.db.read().await?;
    let Some(event) = events::find_public(&mut tx, &address).await? else {
        let html = public::failure(&reader.frame("/", false), Failure::NotFound, None);
        return Ok(reader.page(StatusCode::NOT_FOUND, html));
    };
    let settings = programme::current(&mut tx).await?;
    let shown = event_page(&event, &settings, tx.now(), reader.lang)?;
    let path = format!("/e/{}", event.id);
    Ok(reader.page(StatusCode::OK, public::event(&reader.frame(&path, false), shown)))
}

fn event_page(
    event: &Event,
    settings: &programme::Settings,
    now: Timestamp,
    lang: Lang,
) -> Result<EventPage, Error> {
    let (day, from) = settings.local(event.starts_at)?;
    let (last_day, to) = settings.local(event.ends_at)?;
    Ok(EventPage {
        event: event.id,
        title: event.title.get(lang).to_owned(),
        summary: event.summary.get(lang).to_owned(),
        day,
        from,
        to: (last_day == day).then_some(to),
        city: domain::programme::city_of(&settings.brand.time_zone),
        place: match &event.venue {
            Venue::Place { name, address, .. } => Some(format!("{name}, {address}")),
            Venue::Webinar { .. } | Venue::Online => None,
            Venue::Newer => Some("–".to_owned()),
        },
        joining: if event.cancelled {
            Joining::Cancelled
        } else if now > event.ends_at {
            Joining::Over
        } else if now > event.register_until {
            Joining::Closed
        } else {
            Joining::Open {
                seats: event.seats,
                until: settings.local(event.register_until)?,
            }
        },
    })
}

pub async fn sign_in(State(app): State<Shared>, Query(wish): Query<Wish>, headers: HeaderMap) -> Answered {
    let reader = Reader::new(&app, &headers, &wish).await;
    ask_address(&reader, StatusCode::OK, String::new(), None).await
}

async fn ask_address(
    reader: &Reader,
    status: StatusCode,
    address: String,
    problem: Option<SignInProblem>,
) -> Answered {
    let people = if reader.app.is_demo() {
        people(&reader.app.db, reader.lang).await?
    } else {
        Vec::new()
    };
    let shown = SignInPage {
        address,
        problem,
        people,
    };
    Ok(reader.page(status, public::sign_in(&reader.frame("/sign-in", false), shown)))
}

async fn people(db: &Db, lang: Lang) -> Result<Vec<Person>, Error> {
    let people = demo::people(db).await?;
    let mut tx = db.read().await?;
    let settings = programme::current(&mut tx).await?;
    let trade = |reference: &str| {
        let trade = settings.trades.iter().find(|trade| trade.reference == reference);
        trade.map_or(reference, |trade| trade.name.get(lang)).to_owned()
    };
    Ok(people
        .into_iter()
        .map(|person| Person {
            about: format!("{}, {}", trade(&person.trade), person.company),
            name: person.name,
            address: person.email,
        })
        .collect())
}

#[derive(Debug, Deserialize)]
pub struct AddressForm {
    #[serde(default)]
    address: String,
}

/// Sends a code; the response is the same if there is no such account.
pub async fn send_code(
    State(app): State<Shared>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<AddressForm>,
) -> Answered {
    let reader = Reader::new(&app, &headers, &Wish::default()).await;
    let typed: String = form.address.chars().take(254).collect();
    let Some(address) = Address::read(&typed, &app.phone_country) else {
        return ask_address(&reader, StatusCode::OK, typed, Some(SignInProblem::Unreadable)).await;
    };
    let ip = app.ip(&headers, &extensions);
    let mark = app.known_mark(&headers).map(str::to_owned);
    match ask_for_code(&app, address, ip, mark, &reader.branding.face.brand).await? {
        Some(request) => {
            let answer = Redirect::to("/sign-in/code").into_response();
            Ok(cookies::with(answer, [app.set_sign_in_request(request)]))
        }
        None => {
            ask_address(
                &reader,
                StatusCode::TOO_MANY_REQUESTS,
                typed,
                Some(SignInProblem::TooMany),
            )
            .await
        }
    }
}

/// Sends another code to the address of the pending sign-in.
pub async fn send_again(State(app): State<Shared>, headers: HeaderMap, extensions: Extensions) -> Answered {
    let reader = Reader::new(&app, &headers, &Wish::default()).await;
    let Some(request) = app.sign_in_request(&headers) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let known = {
        let mut tx = app.db.read().await?;
        sessions::address_of(&mut tx, request).await?
    };
    let Some(known) = known else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let Some(address) = Address::read(&known, &app.phone_country) else {
        return Err(Problem::Internal("a stored address cannot be read".into()));
    };
    let ip = app.ip(&headers, &extensions);
    let mark = app.known_mark(&headers).map(str::to_owned);
    match ask_for_code(&app, address, ip, mark, &reader.branding.face.brand).await? {
        Some(request) => {
            let answer = Redirect::to("/sign-in/code?again=1").into_response();
            Ok(cookies::with(answer, [app.set_sign_in_request(request)]))
        }
        None => {
            let shown = CodePage {
                address: Some(known),
                problem: Some(CodeProblem::TooManyCodes),
                ..CodePage::default()
            };
            let html = public::code(&reader.frame("/sign-in/code", true), shown);
            Ok(reader.page(StatusCode::TOO_MANY_REQUESTS, html))
        }
    }
}

/// Why a separate task, and another for sending: neither the response nor its timing reveals whether the account
/// exists.
async fn ask_for_code(
    app: &Shared,
    address: Address,
    ip: String,
    mark: Option<String>,
    brand: &str,
) -> Result<Option<Uuid>, Problem> {
    let shared = app.clone();
    let work = async move {
        let mut tx = shared.db.write().await?;
        let limits = Limits {
            strangers: shared.is_demo() || shared.alarms.sends_to_strangers(tx.now()),
            ..shared.limits
        };
        let started = sessions::start(&mut tx, &address, &ip, mark.as_deref(), limits).await?;
        tx.commit().await?;
        Ok::<_, Error>(started)
    };
    let asked = app.detached("sign_in", work).await??;
    let result = match &asked {
        Started::Asked { .. } => {
            // Why without the member: the log would tell who has an account.
            tracing::info!(event = "code_requested", "a code was asked for");
            "asked"
        }
        Started::TooMany => {
            tracing::warn!(event = "code_request_limited", "too many codes were asked for");
            "limited"
        }
    };
    metrics::counter!("compagnon_sign_ins_total", "way" => "message", "result" => result).increment(1);
    let Started::Asked {
        request,
        message,
        known,
    } = asked
    else {
        return Ok(None);
    };
    if let Some(message) = message {
        if !known {
            app.alarms.note_code(app.db.now());
        }
        deliver(app, request, message, brand.to_owned());
    }
    Ok(Some(request))
}

fn deliver(app: &Shared, request: Uuid, message: Message, brand: String) {
    let Some(codes) = &app.demo_codes else {
        let shared = app.clone();
        let work = async move { shared.sending.send(&message, &brand).await };
        app.tasks.spawn(tasks::caught("sending", work.in_current_span()));
        return;
    };
    if let Ok(mut codes) = codes.lock() {
        let now = app.db.now();
        if codes.len() >= MOST_DEMO_CODES {
            codes.retain(|_, (made_at, _)| now.0 - made_at.0 < sessions::CODE_LIFE);
        }
        codes.insert(request, (now, message.code));
    }
}

/// `?again=1`
#[derive(Debug, Default, Deserialize)]
pub struct CodeWish {
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    again: Option<String>,
}

pub async fn code(State(app): State<Shared>, Query(wish): Query<CodeWish>, headers: HeaderMap) -> Answered {
    let again = wish.again.is_some();
    let reader = Reader::new(&app, &headers, &Wish { lang: wish.lang }).await;
    let Some(request) = app.sign_in_request(&headers) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    ask_code(&reader, StatusCode::OK, request, None, again).await
}

async fn ask_code(
    reader: &Reader,
    status: StatusCode,
    request: Uuid,
    problem: Option<CodeProblem>,
    sent_again: bool,
) -> Answered {
    let address = {
        let mut tx = reader.app.db.read().await?;
        sessions::address_of(&mut tx, request).await?
    };
    let problem = problem.or(address.is_none().then_some(CodeProblem::Stale));
    let demo_code = reader.app.demo_codes.as_ref().and_then(|codes| {
        let codes = codes.lock().ok()?;
        codes.get(&request).map(|(_, code)| code.clone())
    });
    let demo_code = demo_code.filter(|_| address.is_some());
    let shown = CodePage {
        address,
        problem,
        sent_again: sent_again && problem.is_none(),
        demo_code,
    };
    Ok(reader.page(status, public::code(&reader.frame("/sign-in/code", true), shown)))
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

/// Tries the code that was sent.
pub async fn check_code(
    State(app): State<Shared>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<CodeForm>,
) -> Answered {
    let reader = Reader::new(&app, &headers, &Wish::default()).await;
    let request = app.sign_in_request(&headers);
    match enter(&app, Entry::Message { request }, form.code, &headers, &extensions).await? {
        Checked::Open(opened) => Ok(welcome(&app, &opened)),
        Checked::Choose(people) => Ok(ask_who(&reader, people)),
        Checked::Wrong { left } if left > 0 => {
            ask_code(
                &reader,
                StatusCode::OK,
                request.unwrap_or_default(),
                Some(CodeProblem::Wrong { left }),
                false,
            )
            .await
        }
        Checked::Wrong { .. } | Checked::Stale => {
            ask_code(
                &reader,
                StatusCode::OK,
                request.unwrap_or_default(),
                Some(CodeProblem::Stale),
                false,
            )
            .await
        }
        Checked::TooMany => {
            let problem = Some(CodeProblem::TooManyTries);
            ask_code(
                &reader,
                StatusCode::TOO_MANY_REQUESTS,
                request.unwrap_or_default(),
                problem,
                false,
            )
            .await
        }
    }
}

fn ask_who(reader: &Reader, people: Vec<Addressee>) -> Response {
    let people = people.into_iter().map(|person| (person.member, person.name));
    let html = public::who(&reader.frame("/sign-in/code", true), people.collect());
    reader.page(StatusCode::OK, html)
}

#[derive(Debug, Deserialize)]
pub struct WhoForm {
    #[serde(default)]
    member: String,
}

/// Signs in as one of the members of a number, after its code.
pub async fn choose(
    State(app): State<Shared>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<WhoForm>,
) -> Answered {
    let reader = Reader::new(&app, &headers, &Wish::default()).await;
    let request = app.sign_in_request(&headers);
    let entry = Entry::Chosen {
        request,
        member: form.member.parse().ok(),
    };
    let (status, problem) = match enter(&app, entry, String::new(), &headers, &extensions).await? {
        Checked::Open(opened) => return Ok(welcome(&app, &opened)),
        Checked::TooMany => (StatusCode::TOO_MANY_REQUESTS, CodeProblem::TooManyTries),
        Checked::Choose(_) | Checked::Wrong { .. } | Checked::Stale => (StatusCode::OK, CodeProblem::Stale),
    };
    ask_code(&reader, status, request.unwrap_or_default(), Some(problem), false).await
}

pub async fn invitation(State(app): State<Shared>, Query(wish): Query<Wish>, headers: HeaderMap) -> Response {
    let reader = Reader::new(&app, &headers, &wish).await;
    ask_invitation(&reader, StatusCode::OK, String::new(), None)
}

/// The page that a card's QR code opens. It does not use the code yet: a link preview must not consume it.
pub async fn scanned_invitation(
    State(app): State<Shared>,
    Path(code): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::new(&app, &headers, &wish).await;
    ask_invitation(&reader, StatusCode::OK, sessions::normal_invitation(&code), None)
}

fn ask_invitation(
    reader: &Reader,
    status: StatusCode,
    code: String,
    problem: Option<InvitationProblem>,
) -> Response {
    let path = if code.is_empty() {
        "/invitation".to_owned()
    } else {
        format!("/invitation/{code}")
    };
    let shown = InvitationPage { code, problem };
    reader.page(status, public::invitation(&reader.frame(&path, true), shown))
}

/// Signs in with a desk or card code.
pub async fn accept_invitation(
    State(app): State<Shared>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(form): Form<CodeForm>,
) -> Answered {
    let reader = Reader::new(&app, &headers, &Wish::default()).await;
    let code = sessions::normal_invitation(&form.code);
    Ok(
        match enter(&app, Entry::Invitation, code.clone(), &headers, &extensions).await? {
            Checked::Open(opened) => welcome(&app, &opened),
            Checked::Choose(_) | Checked::Wrong { .. } | Checked::Stale => {
                ask_invitation(&reader, StatusCode::OK, code, Some(InvitationProblem::Stale))
            }
            Checked::TooMany => ask_invitation(
                &reader,
                StatusCode::TOO_MANY_REQUESTS,
                code,
                Some(InvitationProblem::TooMany),
            ),
        },
    )
}

#[derive(Clone, Copy)]
enum Entry {
    Message {
        request: Option<Uuid>,
    },
    /// One of the members of a number, after its code.
    Chosen {
        request: Option<Uuid>,
        member: Option<MemberId>,
    },
    Invitation,
}

async fn enter(
    app: &Shared,
    entry: Entry,
    code: String,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Checked, Problem> {
    let ip = app.ip(headers, extensions);
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let device = device_name(agent);
    let before = app.session_token(headers).map(str::to_owned);
    let shared = app.clone();
    let work = async move {
        let origin = Origin {
            ip: &ip,
            device: &device,
            replaces: before.as_deref(),
        };
        let mut tx = shared.db.write().await?;
        let checked = match entry {
            Entry::Message { request } => {
                sessions::check(&mut tx, request, &code, origin, shared.limits).await?
            }
            Entry::Chosen { request, member } => {
                sessions::choose(&mut tx, request, member, origin, shared.limits).await?
            }
            Entry::Invitation => sessions::redeem_invitation(&mut tx, &code, origin, shared.limits).await?,
        };
        tx.commit().await?;
        Ok::<_, Error>(checked)
    };
    let checked = app.detached("sign_in", work).await??;
    let way = match entry {
        Entry::Message { .. } | Entry::Chosen { .. } => "message",
        Entry::Invitation => "invitation",
    };
    let result = match &checked {
        Checked::Open(opened) => {
            super::api::name_caller(opened.member, opened.session);
            tracing::info!(event = "signed_in", way, "signed in");
            "in"
        }
        Checked::Choose(_) => {
            tracing::info!(event = "who_asked", way, "a code is right, for several members");
            "who"
        }
        Checked::Wrong { left } => {
            tracing::warn!(event = "code_wrong", way, left, "a code was wrong");
            "wrong"
        }
        Checked::Stale => {
            tracing::warn!(
                event = "code_stale",
                way,
                "a code was used, expired or never given"
            );
            "wrong"
        }
        Checked::TooMany => {
            tracing::warn!(
                event = "sign_in_limited",
                way,
                "too many wrong codes from this network"
            );
            "limited"
        }
    };
    if result == "wrong" {
        app.alarms.note_wrong_code(app.db.now());
    }
    metrics::counter!("compagnon_sign_ins_total", "way" => way, "result" => result).increment(1);
    Ok(checked)
}

fn welcome(app: &Shared, opened: &Opened) -> Response {
    let mut answer = Redirect::to("/app").into_response();
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cookies::with(answer, app.set_session(opened))
}

/// Response for unknown addresses.
pub async fn nowhere(State(app): State<Shared>, request: Request) -> Response {
    let headers = request.headers();
    if request.uri().path().starts_with("/api/") {
        return refusal(StatusCode::NOT_FOUND, "not_found");
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !reads || !wants_page || request.uri().path().starts_with("/v/") {
        return plain(StatusCode::NOT_FOUND, "not found\n");
    }
    let reader = Reader::new(&app, headers, &Wish::default()).await;
    let html = public::failure(&reader.frame("/", false), Failure::NotFound, None);
    reader.page(StatusCode::NOT_FOUND, html)
}

pub async fn wrong_method() -> Response {
    plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n")
}

/// The page for a request that cannot be read.
pub async fn unreadable(app: &Shared, headers: &HeaderMap, status: StatusCode) -> Response {
    let reader = Reader::new(app, headers, &Wish::default()).await;
    let html = public::failure(&reader.frame("/", false), Failure::Unreadable, None);
    reader.page(status, html)
}

/// The error page of a failed request.
pub async fn broken(app: &Shared, headers: &HeaderMap, id: &str) -> Response {
    let reader = Reader::new(app, headers, &Wish::default()).await;
    let html = public::failure(&reader.frame("/", false), Failure::Broken, Some(id));
    reader.page(StatusCode::INTERNAL_SERVER_ERROR, html)
}
