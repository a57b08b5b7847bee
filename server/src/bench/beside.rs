//! The time of a member's act while another process imports a file of orders.

use crate::client::Client;
use crate::fixture::{Engine, Running};
use crate::rounds::{course, db, import_orders, prove, sign_in, today};
use crate::table;
use anyhow::Result;
use backend::Db;
use domain::id::CourseId;
use std::fmt::Write;
use std::time::{Duration, Instant};

const MEMBERS: u64 = 1_000;
/// Time in which acts are timed alone.
const ALONE: Duration = Duration::from_secs(5);
/// Between two acts of a member.
const PAUSE: Duration = Duration::from_millis(10);
/// Most that one act in a hundred may take.
const MOST: Duration = Duration::from_secs(1);

/// Prints the time of an act alone, while `orders` new orders are imported, and while all of them are corrected.
pub async fn lines(engine: &Engine, orders: usize) -> Result<()> {
    let fixture = engine.fixture().await?;
    let db = db(&fixture.url).await?;
    server::generate::generate(&db, MEMBERS, 20, &mut |_| {}).await?;
    let member = sign_in(&db, 1, MEMBERS).await?.remove(0);
    let course = course(&fixture).await?;
    let running = Running::ours(&fixture.url).await?;
    let mut phone = Client::connect(&running, member).await?;
    phone.round(course, 0).await?;

    let alone = times(&mut phone, course, tokio::time::sleep(ALONE)).await?.0;
    print(engine, "an act alone, p50 / p99 / most", &alone, None);
    for (what, amount) in [("new", 30), ("corrected", 31)] {
        let file = file(&db, orders, amount).await?;
        let importing = import_all(db.clone(), file);
        let (beside, done) = times(&mut phone, course, importing).await?;
        let took = done?;
        let what = format!("while {orders} orders are {what}");
        print(engine, &what, &beside, Some((&alone, took)));
    }
    prove(&db).await?;
    db.close().await;
    drop(running);
    fixture.leave().await
}

/// Returns the times of acts until `work` is done, sorted, and what it returned.
async fn times<T: Send + 'static>(
    phone: &mut Client,
    course: CourseId,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<(Vec<Duration>, T)> {
    let work = tokio::spawn(work);
    let mut times = Vec::new();
    while !work.is_finished() {
        let act = Instant::now();
        phone.round(course, 1).await?;
        times.push(act.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    times.sort_unstable();
    Ok((times, work.await?))
}

fn print(engine: &Engine, what: &str, times: &[Duration], beside: Option<(&[Duration], Duration)>) {
    let at = |times: &[Duration], part: usize| {
        let place = (times.len() * part / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or_default()
    };
    let slow = at(times, 99);
    let mut text = format!(
        "{} / {} / {}",
        table::millis(at(times, 50)),
        table::millis(slow),
        table::millis(at(times, 100)),
    );
    if let Some((alone, took)) = beside {
        let ratio = |part| at(times, part).as_secs_f64() / at(alone, part).as_secs_f64();
        let word = if slow > MOST { "  ABOVE 1 s" } else { "" };
        text = format!(
            "{text}, {:.1} and {:.1} times alone; {} acts in {:.1} s{word}",
            ratio(50),
            ratio(99),
            times.len(),
            took.as_secs_f64(),
        );
    }
    table::say(engine, what, &text);
}

/// Orders of the last 20 months, of all companies in turn.
async fn file(db: &Db, orders: usize, amount: u32) -> Result<String> {
    let today = today(db).await?;
    let companies = MEMBERS / server::generate::TEAM;
    let mut file = String::from("order_ref,company_ref,ordered_on,quantity,amount\n");
    for number in 0..orders {
        let company = server::generate::company_ref(number as u64 % companies);
        let on = today.plus_days(-((number * 7 % 600) as i32));
        writeln!(file, "beside-{number},{company},{on},1,{amount}.00")?;
    }
    Ok(file)
}

async fn import_all(db: Db, file: String) -> Result<Duration> {
    let begun = Instant::now();
    import_orders(&db, &file).await?;
    Ok(begun.elapsed())
}
