//! The server: the real core on its own database file, which can be killed, restarted, backed up and restored.

use crate::template::{self, Template};
use app::phone::sync::Answer;
use backend::caller::Caller;
use backend::clock::Fixed;
use backend::testing::FaultInjector;
use backend::{Db, Result, backup, daily, programme, sessions, sync};
use domain::id::{MemberId, SessionId};
use domain::sync::{Request, SESSION_ENDED};
use domain::{Timestamp, fault};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The time between two steps of the world, in milliseconds.
const MOMENT: i64 = 40;

/// A request on the network.
#[derive(Clone, Debug)]
pub struct Packet {
    pub token: String,
    pub body: String,
}

/// A session as the browser stores it.
#[derive(Clone, Debug)]
pub struct Cookie {
    pub token: String,
    pub member: MemberId,
    pub session: SessionId,
}

/// Reference values for a reward: the stock last set, and the number of pieces that requests held at that time.
#[derive(Clone, Debug)]
pub struct Stock {
    pub set_to: i64,
    pub taken_then: i64,
}

pub struct Server {
    folder: tempfile::TempDir,
    pub db: Db,
    pub sync: sync::Server,
    pub clock: Arc<Fixed>,
    injector: Arc<FaultInjector>,
    day: domain::Day,
    pub stock: BTreeMap<usize, Stock>,
    pub seats: BTreeMap<usize, u32>,
    pub course_version: u32,
    backup: Option<Backup>,
    /// Number of kills while a request was running.
    pub killed: u64,
}

struct Backup {
    file: PathBuf,
    stock: BTreeMap<usize, Stock>,
    seats: BTreeMap<usize, u32>,
    course_version: u32,
}

impl Server {
    pub fn url(file: &Path) -> String {
        format!("sqlite:{}", file.display())
    }

    pub async fn start(template: &Template, seed: u64) -> Result<Server> {
        let folder = template::folder();
        std::fs::copy(&template.file, folder.path().join("now.db")).expect("the template can be copied");
        let seed = match fault!("simulator-draws-from-more-than-its-seed") {
            true => std::time::UNIX_EPOCH
                .elapsed()
                .map_or(seed, |now| u64::from(now.subsec_nanos())),
            false => seed,
        };
        let clock = Arc::new(Fixed::new(template::NOW, seed));
        let injector = Arc::new(FaultInjector::default());
        let db = open(folder.path(), &clock, &injector).await?;
        let mut tx = db.read().await?;
        let day = programme::current(&mut tx).await?.day(template::NOW)?;
        drop(tx);
        let stock = template.stock.iter().map(|(reward, set_to)| {
            let stock = Stock {
                set_to: *set_to,
                taken_then: 0,
            };
            (*reward, stock)
        });
        Ok(Server {
            stock: stock.collect(),
            seats: (0..template::EVENTS)
                .map(|event| (event, template::seats(event)))
                .collect(),
            course_version: 1,
            folder,
            sync: sync::Server::new(db.clone()),
            db,
            clock,
            injector,
            day,
            backup: None,
            killed: 0,
        })
    }

    /// Returns the path of the database file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("now.db")
    }

    pub fn now(&self) -> Timestamp {
        self.db.now()
    }

    async fn reopen(&mut self) -> Result<()> {
        self.db = open(self.folder.path(), &self.clock, &self.injector).await?;
        self.sync = sync::Server::new(self.db.clone());
        Ok(())
    }

    pub async fn restart(&mut self) -> Result<()> {
        self.db.close().await;
        self.reopen().await
    }

    /// Advances the clock and runs the daily work on each new day.
    pub async fn pass(&mut self, millis: i64) -> Result<()> {
        let mut left = millis;
        while left > 0 {
            let part = left.min(Timestamp::DAY);
            left -= part;
            self.clock.advance(part);
            let mut tx = self.db.write().await?;
            let today = programme::current(&mut tx).await?.day(tx.now())?;
            if today != self.day {
                self.day = today;
                daily::work(&mut tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    pub async fn back_up(&mut self) -> Result<()> {
        let file = self.folder.path().join("backup.db");
        // There is no file the first time.
        let _ = std::fs::remove_file(&file);
        backup::copy_file(&self.file(), &file).await?;
        self.backup = Some(Backup {
            file,
            stock: self.stock.clone(),
            seats: self.seats.clone(),
            course_version: self.course_version,
        });
        Ok(())
    }

    /// Restores the last backup; `false` if there is none.
    pub async fn restore(&mut self) -> Result<bool> {
        let Some(backup) = &self.backup else {
            return Ok(false);
        };
        self.db.close().await;
        for end in ["-wal", "-shm"] {
            // They exist only if the last connection could not clean up.
            let _ = std::fs::remove_file(format!("{}{end}", self.file().display()));
        }
        std::fs::copy(&backup.file, self.file()).expect("the backup can be copied");
        self.stock = backup.stock.clone();
        self.seats = backup.seats.clone();
        self.course_version = backup.course_version;
        self.reopen().await?;
        let mut tx = self.db.write().await?;
        programme::begin_epoch(&mut tx).await?;
        tx.commit().await?;
        // The daily work of the days since the backup.
        let mut tx = self.db.write().await?;
        daily::work(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub async fn sign_in(&mut self, member: MemberId, replaces: Option<&str>) -> Result<Cookie> {
        self.clock.advance(MOMENT);
        let mut tx = self.db.write().await?;
        let (code, _) = sessions::issue_code(&mut tx, member, sessions::Way::Desk).await?;
        let origin = sessions::Origin {
            ip: "10.0.0.1",
            device: "Simulated phone",
            replaces,
        };
        let limits = sessions::Limits::STRICT;
        let checked = sessions::redeem_invitation(&mut tx, &code, origin, limits).await?;
        tx.commit().await?;
        let sessions::Checked::Open(opened) = checked else {
            return Err(backend::Error::Invariant(format!("{checked:?}")));
        };
        Ok(Cookie {
            token: opened.token,
            member,
            session: opened.session,
        })
    }

    pub async fn sign_out(&mut self, cookie: &Cookie) -> Result<()> {
        let mut tx = self.db.write().await?;
        sessions::end(&mut tx, &cookie.token).await?;
        tx.commit().await
    }

    /// Handles requests; `together`: concurrently, else one after the other. `kill`: kills the server at that step of
    /// its work and restarts it; requests without a response by then get none.
    pub async fn receive(
        &mut self,
        packets: &[Packet],
        together: bool,
        kill: Option<u64>,
    ) -> Result<Vec<Answer>> {
        self.clock.advance(MOMENT);
        if let Some(steps) = kill {
            self.injector.plan(steps);
        }
        let answers = std::sync::Mutex::new(vec![Answer::default(); packets.len()]);
        let work = async {
            if together {
                all_at_once(&self.sync, packets, &answers).await
            } else {
                for (place, packet) in packets.iter().enumerate() {
                    let answer = answer(&self.sync, packet).await?;
                    answers.lock().expect("no panic")[place] = answer;
                }
                Ok(())
            }
        };
        let alive = tokio::select! {
            biased;
            done = work => { done?; true }
            () = self.injector.ended() => false,
        };
        self.injector.forget();
        if !alive {
            self.killed += 1;
            self.restart().await?;
        }
        Ok(answers.into_inner().expect("no panic"))
    }

    /// Handles a request without commands, paused at step `at` of its work until the other request has its response.
    pub async fn receive_around(&mut self, outer: &Packet, at: u64, inner: &Packet) -> Result<[Answer; 2]> {
        self.clock.advance(MOMENT);
        self.injector.plan_pause(at);
        let mut outer = std::pin::pin!(read(&self.sync, outer));
        let early = tokio::select! {
            biased;
            done = &mut outer => Some(done?),
            () = self.injector.paused() => None,
        };
        if let Some(early) = early {
            self.injector.resume();
            return Ok([early, answer(&self.sync, inner).await?]);
        }
        let inner = answer(&self.sync, inner).await?;
        self.injector.resume();
        Ok([outer.await?, inner])
    }
}

async fn open(folder: &Path, clock: &Arc<Fixed>, injector: &Arc<FaultInjector>) -> Result<Db> {
    let url = Server::url(&folder.join("now.db"));
    let db = Db::open(&url, clock.clone(), clock.clone()).await?;
    Ok(db.with_steps(injector.clone()))
}

type Round = Request<Box<RawValue>>;

/// Does what the HTTP layer does before the core: checks the session, and returns the response if it is known already.
async fn admit(db: &Db, packet: &Packet) -> Result<std::result::Result<(Caller, Round), Answer>> {
    let Some((caller, newest)) = sessions::caller_and_newest(db, &packet.token).await? else {
        let dead = sessions::find_dead(db, &packet.token).await?;
        let code = match dead.is_some_and(|dead| dead.ended) {
            true => SESSION_ENDED,
            false => "signed_out",
        };
        return Ok(Err(status_only(401, code)));
    };
    let round: Round = serde_json::from_str(&packet.body)?;
    if round.member != caller.member {
        return Ok(Err(status_only(403, "wrong_member")));
    }
    if let Some(reply) = sync::nothing_new(db.now(), &newest, &round) {
        return Ok(Err(ok(&reply)?));
    }
    Ok(Ok((caller, round)))
}

fn status_only(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.to_owned(),
        retry_after: None,
    }
}

async fn note(db: &Db, caller: &Caller) -> Result<()> {
    if sessions::sync_is_due(caller, db.now()) {
        let mut tx = db.write().await?;
        sessions::note_sync(&mut tx, caller, sessions::SESSION_MOST).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn ok(reply: &sync::RawReply) -> Result<Answer> {
    Ok(Answer {
        status: 200,
        body: serde_json::to_string(reply)?,
        retry_after: None,
    })
}

async fn answer(server: &sync::Server, packet: &Packet) -> Result<Answer> {
    match admit(server.db(), packet).await? {
        Err(answer) => Ok(answer),
        Ok((caller, round)) => match server.round(&caller, round).await {
            Ok(reply) => {
                note(server.db(), &caller).await?;
                ok(&reply)
            }
            Err(_) => Ok(status_only(500, "broken")),
        },
    }
}

/// Runs a round that writes nothing, not even the time of the sync.
async fn read(server: &sync::Server, packet: &Packet) -> Result<Answer> {
    match admit(server.db(), packet).await? {
        Err(answer) => Ok(answer),
        Ok((caller, round)) => ok(&server.round(&caller, round).await?),
    }
}

/// Why in two parts: concurrent commands share a transaction, which is what this tests; but the seed does not determine
/// the order of concurrent reads after it. If the server is killed in between, responses hold outcomes only.
async fn all_at_once(
    server: &sync::Server,
    packets: &[Packet],
    answers: &std::sync::Mutex<Vec<Answer>>,
) -> Result<()> {
    let mut admitted = Vec::new();
    for (place, packet) in packets.iter().enumerate() {
        match admit(server.db(), packet).await? {
            Err(answer) => answers.lock().expect("no panic")[place] = answer,
            Ok((caller, round)) => admitted.push((place, caller, round)),
        }
    }
    let work = admitted.iter().map(|(place, caller, round)| async move {
        let mut write = round.clone();
        write.push_only = true;
        let reply = server.round(caller, write).await;
        if let Ok(reply) = &reply {
            answers.lock().expect("no panic")[*place] = ok(reply)?;
        }
        reply.map(|reply| reply.outcomes)
    });
    let outcomes = futures_util::future::join_all(work).await;
    for ((place, caller, mut round), outcomes) in admitted.into_iter().zip(outcomes) {
        let answer = match outcomes {
            Err(_) => status_only(500, "broken"),
            Ok(outcomes) => {
                round.commands.clear();
                let mut reply = server.round(&caller, round).await?;
                reply.outcomes = outcomes;
                note(server.db(), &caller).await?;
                ok(&reply)?
            }
        };
        answers.lock().expect("no panic")[place] = answer;
    }
    Ok(())
}
