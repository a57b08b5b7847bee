//! Load generator phones: one kept-alive connection each.

use crate::fixture::Running;
use anyhow::{Result, ensure};
use axum::body::Bytes;
use domain::id::{CommandId, CourseId, DeviceId, MemberId, uuid_v7};
use domain::sync::{Cursor, PROTO, Reply, Request};
use domain::{Command, Envelope, Outcome, Timestamp, Verdict, learning};
use http_body_util::{BodyExt, Full};
use hyper::StatusCode;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, COOKIE, HOST};
use hyper_util::rt::TokioIo;
use serde::de::IgnoredAny;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// A member with a session.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: MemberId,
    pub device: DeviceId,
    pub token: String,
}

impl Member {
    /// Builds the member's act of this number, made now.
    pub fn act(&self, seq: i64, command: Command) -> Envelope {
        let mut chance = [0; 10];
        chance[2..6].copy_from_slice(&(seq as u32).to_be_bytes());
        // Why four bytes: of 256 members, two often share the last two.
        chance[6..].copy_from_slice(&self.id.0.as_bytes()[12..]);
        let now = now();
        Envelope {
            id: CommandId(uuid_v7(now, chance)),
            member: self.id,
            device: self.device,
            seq,
            made_at: now,
            command,
        }
    }

    /// Builds an act that finishes a practice.
    pub fn practice(&self, course: CourseId, seq: i64) -> Envelope {
        self.act(
            seq,
            Command::Learning(learning::Command::FinishPractice { course }),
        )
    }
}

pub struct Client {
    pub member: Member,
    sender: SendRequest<Full<Bytes>>,
    host: String,
    pub have: Cursor,
    seq: i64,
}

impl Client {
    pub async fn connect(server: &Running, member: Member) -> Result<Client> {
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Client {
            member,
            sender,
            host: server.address.to_string(),
            have: Cursor::default(),
            seq: 0,
        })
    }

    async fn post(&mut self, path: &str, body: String) -> Result<Bytes> {
        let (status, body) = self.ask(path, body).await?;
        ensure!(status == 200, "{path} answered {status}: {body:?}");
        Ok(body)
    }

    async fn ask(&mut self, path: &str, body: String) -> Result<(StatusCode, Bytes)> {
        let request = hyper::Request::post(path)
            .header(HOST, &self.host)
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "application/json")
            .header(COOKIE, format!("session={}", self.member.token))
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    fn request(&self, commands: Vec<Envelope>) -> Result<String> {
        Ok(serde_json::to_string(&Request {
            proto: PROTO,
            member: self.member.id,
            device: self.member.device,
            push_only: false,
            have: self.have.clone(),
            commands,
        })?)
    }

    /// Sends acts in a round, whatever becomes of them.
    ///
    /// # Errors
    /// If the server does not answer with 200, or with 429 where there are too many.
    pub async fn send(&mut self, commands: Vec<Envelope>) -> Result<()> {
        let request = self.request(commands)?;
        let (status, body) = self.ask("/api/sync", request).await?;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(());
        }
        ensure!(status == 200, "a round answered {status}: {body:?}");
        let reply: Reply<IgnoredAny, IgnoredAny> = serde_json::from_slice(&body)?;
        if let Some(cursor) = reply.cursor {
            self.have = cursor;
        }
        Ok(())
    }

    /// Runs a round with `acts` finished practices; each must be confirmed.
    pub async fn round(&mut self, course: CourseId, acts: usize) -> Result<()> {
        let commands: Vec<Envelope> = (0..acts)
            .map(|_| {
                self.seq += 1;
                self.member.practice(course, self.seq)
            })
            .collect();
        let request = self.request(commands)?;
        let body = self.post("/api/sync", request).await?;
        let reply: Reply<Outcome, IgnoredAny> = serde_json::from_slice(&body)?;
        let confirmed = |outcome: &&Outcome| matches!(outcome.verdict, Verdict::Confirmed(_));
        let other = reply.outcomes.iter().find(|outcome| !confirmed(outcome));
        ensure!(
            other.is_none() && reply.outcomes.len() == acts,
            "{} outcomes of {acts} acts, not confirmed: {other:?}",
            reply.outcomes.len()
        );
        if let Some(cursor) = reply.cursor {
            self.have = cursor;
        }
        Ok(())
    }

    /// Calls the bare handler.
    pub async fn bare(&mut self) -> Result<()> {
        let body = format!(r#"{{"member":"{}"}}"#, self.member.id);
        self.post("/bare", body).await?;
        Ok(())
    }
}

fn now() -> Timestamp {
    use backend::clock::Clock;
    backend::clock::System::default().now()
}

/// The request that is repeated.
#[derive(Clone, Copy, Debug)]
pub enum What {
    Acts { course: CourseId, each: usize },
    Idle { course: CourseId },
    Bare,
}

async fn once(client: &mut Client, what: What) -> Result<()> {
    match what {
        What::Acts { course, each } => client.round(course, each).await,
        What::Idle { course } => client.round(course, 0).await,
        What::Bare => client.bare().await,
    }
}

/// Returns requests per second of all clients together at full speed.
pub async fn full_speed(clients: &mut [Client], what: What, lasting: Duration) -> Result<f64> {
    let begun = Instant::now();
    let runs = clients.iter_mut().map(|client| async move {
        let mut count = 0_u64;
        while begun.elapsed() < lasting {
            once(client, what).await?;
            count += 1;
        }
        anyhow::Ok(count)
    });
    let counts = futures_util::future::try_join_all(runs).await?;
    Ok(counts.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64())
}

/// Returns median and p99 of the response times at `rate` requests per second, measured from the moment a request was
/// due: waiting for the previous one counts.
pub async fn paced(
    clients: &mut [Client],
    what: What,
    rate: f64,
    lasting: Duration,
) -> Result<(Duration, Duration)> {
    let each = Duration::from_secs_f64(clients.len() as f64 / rate);
    let begun = Instant::now();
    let count = clients.len() as u32;
    let runs = clients
        .iter_mut()
        .enumerate()
        .map(|(fixture, client)| async move {
            let mut due = begun + each * fixture as u32 / count;
            let mut times = Vec::new();
            while due.duration_since(begun) < lasting {
                tokio::time::sleep_until(due.into()).await;
                once(client, what).await?;
                times.push(due.elapsed());
                due += each;
            }
            anyhow::Ok(times)
        });
    let mut times: Vec<Duration> = futures_util::future::try_join_all(runs)
        .await?
        .into_iter()
        .flatten()
        .collect();
    times.sort_unstable();
    ensure!(!times.is_empty(), "nothing was asked");
    Ok((times[times.len() / 2], times[times.len() * 99 / 100]))
}
