//! A course folder: `course.toml`, lessons in Markdown and pictures beside them.

use super::{Solution, Version, sql};
use crate::{Error, Result, Tx, markdown, programme, strict_toml};
use domain::document::Collection;
use domain::id::CourseId;
use domain::input::{InputCode, InputError, InputPlace, RefKind};
use domain::learning::{Course, Form, Given, Key, Lesson, Picture, Practice, Question, read_number};
use domain::{Lang, Points, Text, fault};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use tracing::instrument;

#[derive(Debug, Deserialize)]
struct CourseFile {
    #[serde(rename = "ref")]
    reference: String,
    version: u32,
    title: Text,
    summary: Text,
    #[serde(default)]
    trades: Vec<String>,
    minutes: u32,
    points: Points,
    /// Members who were paid for an earlier version are paid for this one again.
    #[serde(default)]
    pays_again: bool,
    pass_mark: u32,
    languages: Vec<Lang>,
    #[serde(rename = "lesson")]
    lessons: Vec<LessonFile>,
    #[serde(rename = "question", default)]
    questions: Vec<QuestionFile>,
}

#[derive(Debug, Deserialize)]
struct LessonFile {
    file: String,
}

#[derive(Debug, Deserialize)]
struct QuestionFile {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "use")]
    purpose: Purpose,
    lesson: String,
    kind: QuestionKind,
    prompt: Text,
    #[serde(default)]
    options: Vec<Text>,
    correct: Option<Correct>,
    #[serde(default)]
    tolerance: f64,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    explanation: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    Practice,
    Graded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum QuestionKind {
    Single,
    Multiple,
    TrueFalse,
    Ordering,
    Number,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Correct {
    Truth(bool),
    Place(u8),
    Number(f64),
    Places(Vec<u8>),
    Words(String),
    Other(IgnoredAny),
}

/// The result of importing a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub reference: String,
    pub version: u32,
    pub lessons: usize,
    pub questions: usize,
    pub change: Change,
}

/// The effect of an import on members who know the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    New,
    /// The same version already exists with the same content.
    Unchanged,
    /// It asks and pays what it did: passes, tries and drafts stay.
    Corrected,
    /// It asks or pays something else: it can be passed again. `passed`: members who passed an earlier version.
    /// `pays_again`: they are paid again.
    Renewed {
        passed: usize,
        pays_again: bool,
    },
}

/// Largest picture, in bytes.
const MOST_PICTURE: usize = 2 * 1024 * 1024;

/// The largest absolute value of a numeric answer: a thousandth must still be representable.
const MOST_NUMBER: i64 = 999_999_999_999;

/// Imports the course in a folder.
///
/// # Errors
/// [`Error::Input`] that names the file and the problem.
#[instrument(level = "debug", skip_all)]
pub async fn import_folder(tx: &mut Tx, folder: &Path) -> Result<Imported> {
    let mut files = BTreeMap::new();
    let mut entries = tokio::fs::read_dir(folder)
        .await
        .map_err(|error| unreadable(&folder.display().to_string(), &error))?;
    while let Some(entry) = entries
        .next_entry()
        .await
        .map_err(|error| unreadable(&folder.display().to_string(), &error))?
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() {
            let bytes = tokio::fs::read(entry.path())
                .await
                .map_err(|error| unreadable(&name, &error))?;
            files.insert(name, bytes);
        }
    }
    import_files(tx, &files)
        .await
        .map_err(|error| error.within(InputPlace::File(folder.display().to_string())))
}

/// Imports the course in a folder's files, by name.
///
/// # Errors
/// [`Error::Input`] that names the file and the problem.
#[instrument(level = "debug", skip_all)]
pub async fn import_files(tx: &mut Tx, files: &BTreeMap<String, Vec<u8>>) -> Result<Imported> {
    let settings = programme::current(tx).await?;
    let known = sql::find_by_ref(tx, &parse(files)?.reference).await?;
    let id = known.map_or_else(|| CourseId(tx.uuid()), |(id, _)| id);
    let mut chance = |most: usize| {
        let bytes: [u8; 8] = tx.random_bytes();
        (u64::from_le_bytes(bytes) % most.max(1) as u64) as usize
    };
    let file = parse(files)?;
    let trades: Vec<&str> = settings
        .trades
        .iter()
        .map(|trade| trade.reference.as_str())
        .collect();
    if let Some(trade) = file.trades.iter().find(|trade| !trades.contains(&trade.as_str())) {
        let wrong = InputCode::NotThere { what: RefKind::Trade }
            .field("trades")
            .given(trade);
        return Err(in_course(wrong));
    }
    let (mut course, mut solutions, pictures) = build(&file, id, files, &mut chance)?;
    let before = match known {
        Some(_) => sql::find_version(tx, id, None).await?,
        None => None,
    };
    let before = before.map(Version::read).transpose()?;
    if let Some(before) = &before {
        keep_order(before, &mut course, &mut solutions);
    }
    let change = change(&file, before.as_ref(), &course, &solutions).map_err(in_course)?;
    let imported = |change| Imported {
        reference: file.reference.clone(),
        version: file.version,
        lessons: course.lessons.len(),
        questions: file.questions.len(),
        change,
    };
    if change == Change::Unchanged {
        return Ok(imported(change));
    }
    for (hash, mime, bytes) in &pictures {
        sql::insert_picture(tx, hash, mime, bytes).await?;
    }
    if known.is_none() {
        sql::insert_course(tx, id, &file.reference, file.version.into()).await?;
    }
    tx.mark_content_changed(Collection::Course, id);
    let version = i64::from(file.version);
    let (document, answers) = (
        serde_json::to_string(&course)?,
        serde_json::to_string(&solutions)?,
    );
    let row = before.as_ref().map(|before| &before.row);
    if row.is_some_and(|row| row.version == version) {
        sql::set_texts(tx, id, version, &document, &answers).await?;
        return Ok(imported(change));
    }
    let new = sql::NewVersion {
        version,
        document: &document,
        answers: &answers,
        edition: match (change, row) {
            (Change::Corrected, Some(row)) => row.edition,
            _ => version,
        },
        pays_since: match row {
            Some(row) if !file.pays_again => row.pays_since,
            _ => version,
        },
    };
    sql::insert_version(tx, id, &new).await?;
    sql::set_version(tx, id, version).await?;
    let Change::Renewed { pays_again, .. } = change else {
        return Ok(imported(change));
    };
    // A pass of what was asked before does not count for what is asked now.
    let who_passed = sql::list_who_passed(tx, id).await?;
    let passed = who_passed.len();
    for member in who_passed {
        tx.mark_changed(member, Collection::Progress, id);
    }
    Ok(imported(Change::Renewed { passed, pays_again }))
}

/// Compares a file with the current version: what changed decides, and not what the file says of it.
fn change(
    file: &CourseFile,
    before: Option<&Version>,
    course: &Course,
    solutions: &[Solution],
) -> Result<Change, InputError> {
    let Some(before) = before else {
        return Ok(Change::New);
    };
    let newest = before.row.version;
    let refused = |code: InputCode| Err(code.field("version").given(file.version.to_string()));
    if i64::from(file.version) < newest {
        return refused(InputCode::VersionNotAbove { newest });
    }
    let asks_the_same = asked(&before.course, &before.solutions) == asked(course, solutions);
    if i64::from(file.version) > newest {
        return Ok(if asks_the_same && !file.pays_again {
            Change::Corrected
        } else {
            Change::Renewed {
                passed: 0,
                pays_again: file.pays_again,
            }
        });
    }
    // The first version has nothing to pay again for.
    let paid_again = before.row.pays_since == newest && before.row.earlier > 0;
    if !asks_the_same || (before.row.earlier > 0 && paid_again != file.pays_again) {
        return refused(InputCode::VersionUsed { newest });
    }
    Ok(if before.course == *course && before.solutions == solutions {
        Change::Unchanged
    } else {
        Change::Corrected
    })
}

/// The graded part of a course: pass mark, points, and each graded question with its key, by name.
type Asked<'a> = (
    u32,
    Points,
    BTreeMap<&'a str, (&'a Text, &'a Form, Option<&'a Key>)>,
);

fn asked<'a>(course: &'a Course, solutions: &'a [Solution]) -> Asked<'a> {
    let questions = course.graded.iter().map(|question| {
        let solution = solutions
            .iter()
            .find(|solution| solution.question == question.question);
        let key = solution.map(|solution| &solution.key);
        (
            question.question.as_str(),
            (&question.prompt, &question.form, key),
        )
    });
    (course.pass_mark, course.points, questions.collect())
}

fn parse(files: &BTreeMap<String, Vec<u8>>) -> Result<CourseFile> {
    strict_toml::read(text(files, "course.toml")?).map_err(in_course)
}

fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Result<&'a str> {
    let bytes = files
        .get(name)
        .ok_or_else(|| InputCode::Missing.at(InputPlace::File(name.to_owned())))?;
    Ok(std::str::from_utf8(bytes).map_err(|_| InputCode::NotUtf8.at(InputPlace::File(name.to_owned())))?)
}

fn in_course(error: InputError) -> Error {
    error.within(InputPlace::File("course.toml".into())).into()
}

fn unreadable(name: &str, error: &std::io::Error) -> Error {
    let said = error.to_string();
    InputCode::Unreadable { said }
        .at(InputPlace::File(name.to_owned()))
        .into()
}

type Pictures = Vec<(String, &'static str, Vec<u8>)>;

fn build(
    file: &CourseFile,
    id: CourseId,
    files: &BTreeMap<String, Vec<u8>>,
    chance: &mut impl FnMut(usize) -> usize,
) -> Result<(Course, Vec<Solution>, Pictures)> {
    if file.version == 0 {
        return Err(in_course(
            InputCode::TooSmall { least: 1 }.field("version").given("0"),
        ));
    }
    if file.pass_mark == 0 || file.pass_mark > 100 {
        let wrong = InputCode::OutOfRange { least: 1, most: 100 };
        return Err(in_course(
            wrong.field("pass_mark").given(file.pass_mark.to_string()),
        ));
    }
    if !(0..=1_000_000).contains(&file.points) {
        let wrong = InputCode::OutOfRange {
            least: 0,
            most: 1_000_000,
        };
        return Err(in_course(wrong.field("points").given(file.points.to_string())));
    }
    for (field, is_empty) in [
        ("languages", file.languages.is_empty()),
        ("lesson", file.lessons.is_empty()),
    ] {
        if is_empty {
            return Err(in_course(InputCode::Empty.field(field)));
        }
    }
    let complete = |field: &str, text: &Text| match file.languages.iter().find(|lang| !text.has(**lang)) {
        Some(&language) => Err(InputCode::NoTextIn { language }.field(field)),
        None => Ok(()),
    };
    complete("title", &file.title).map_err(in_course)?;
    complete("summary", &file.summary).map_err(in_course)?;

    let mut pictures: Pictures = Vec::new();
    let mut lessons = Vec::new();
    for lesson in &file.lessons {
        lessons.push(read_lesson(&lesson.file, &file.languages, files, &mut pictures)?);
    }
    let (mut practice, mut graded, mut solutions) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for question in &file.questions {
        let named =
            |error: InputError| in_course(error.within(InputPlace::Question(question.reference.clone())));
        if !seen.insert(&question.reference) {
            return Err(named(InputCode::Twice { first_line: None }.into()));
        }
        if !file.lessons.iter().any(|lesson| lesson.file == question.lesson) {
            let wrong = InputCode::NotThere {
                what: RefKind::Lesson,
            };
            return Err(named(wrong.field("lesson").given(&question.lesson)));
        }
        complete("prompt", &question.prompt).map_err(named)?;
        for option in &question.options {
            complete("options", option).map_err(named)?;
        }
        let (form, key) = form_and_key(question, chance).map_err(named)?;
        let asked = Question {
            question: question.reference.clone(),
            lesson: question.lesson.clone(),
            prompt: question.prompt.clone(),
            form,
        };
        match question.purpose {
            Purpose::Practice => {
                practice.push(Practice {
                    question: asked,
                    key,
                    explanation: question.explanation.clone(),
                });
            }
            Purpose::Graded => {
                solutions.push(Solution {
                    question: question.reference.clone(),
                    key,
                    explanation: question.explanation.clone(),
                });
                graded.push(asked);
            }
        }
    }
    if file.points > 0 && graded.is_empty() {
        return Err(in_course(InputCode::PointsNeedGradedQuestions.field("points")));
    }
    let course = Course {
        id,
        version: file.version,
        title: file.title.clone(),
        summary: file.summary.clone(),
        trades: file.trades.clone(),
        minutes: file.minutes,
        points: file.points,
        pass_mark: file.pass_mark,
        lessons,
        practice,
        graded,
    };
    Ok((course, solutions, pictures))
}

fn read_lesson(
    name: &str,
    languages: &[Lang],
    files: &BTreeMap<String, Vec<u8>>,
    pictures: &mut Pictures,
) -> Result<Lesson> {
    let mut lesson = Lesson {
        lesson: name.to_owned(),
        title: Text::default(),
        html: Text::default(),
        pictures: vec![],
    };
    for lang in languages {
        let file = format!("{name}.{}.md", lang.tag());
        let source = text(files, &file)?;
        let (first, rest) = source
            .trim_start_matches('\u{feff}')
            .split_once('\n')
            .unwrap_or((source, ""));
        let title = first
            .strip_prefix("# ")
            .map(str::trim)
            .filter(|title| !title.is_empty())
            .ok_or_else(|| {
                InputCode::NoTitleLine
                    .at(InputPlace::Line(1))
                    .within(InputPlace::File(file.clone()))
            })?;
        lesson.title.set(*lang, title.to_owned());
        let html = markdown::to_html(rest, |picture| {
            let bytes = files.get(picture).ok_or_else(|| {
                InputCode::NotThere {
                    what: RefKind::Picture,
                }
                .given(picture)
            })?;
            let (hash, mime) = check_picture(picture, bytes)?;
            let url = format!("/media/{hash}");
            if !lesson.pictures.iter().any(|known| known.url == url) {
                lesson.pictures.push(Picture {
                    url: url.clone(),
                    bytes: bytes.len() as u32,
                });
                pictures.push((hash, mime, bytes.clone()));
            }
            Ok(url)
        })
        .map_err(|error| error.within(InputPlace::File(file)))?;
        lesson.html.set(*lang, html);
    }
    Ok(lesson)
}

/// Returns the picture's name and MIME type, from its bytes and not its file name. SVG is excluded: it can contain
/// scripts.
fn check_picture(name: &str, bytes: &[u8]) -> Result<(String, &'static str)> {
    if bytes.len() > MOST_PICTURE {
        let wrong = InputCode::PictureTooLarge {
            bytes: bytes.len() as u64,
            most: MOST_PICTURE as u64,
        };
        return Err(wrong.given(name).into());
    }
    let mime = match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => return Err(InputCode::NotAPicture.given(name).into()),
    };
    Ok((domain::hex(&Sha256::digest(bytes)[..16]), mime))
}

fn form_and_key(
    question: &QuestionFile,
    chance: &mut impl FnMut(usize) -> usize,
) -> Result<(Form, Key), InputError> {
    let options = &question.options;
    let needs_options = matches!(
        question.kind,
        QuestionKind::Single | QuestionKind::Multiple | QuestionKind::Ordering
    );
    if needs_options && !(2..=12).contains(&options.len()) {
        let wrong = InputCode::OutOfRange { least: 2, most: 12 };
        return Err(wrong.field("options").given(options.len().to_string()));
    }
    if !needs_options && !options.is_empty() {
        return Err(InputCode::NoOptionsHere.field("options"));
    }
    let again = options
        .iter()
        .enumerate()
        .find(|(at, option)| options[..*at].contains(option));
    if let Some((_, option)) = again {
        return Err(InputCode::Twice { first_line: None }
            .field("options")
            .given(option.get(Lang::Fr)));
    }
    let inside = |place: u8| {
        if usize::from(place) < options.len() {
            Ok(place)
        } else {
            Err(InputCode::NoOption { place }.field("correct"))
        }
    };
    let options = options.clone();
    match (question.kind, &question.correct) {
        (QuestionKind::Single, Some(Correct::Place(place))) => Ok((
            Form::Single { options },
            Key::Exactly(Given::Single(inside(*place)?)),
        )),
        (QuestionKind::Multiple, Some(Correct::Places(places))) => {
            let mut places = places
                .iter()
                .map(|place| inside(*place))
                .collect::<Result<Vec<_>, _>>()?;
            places.sort_unstable();
            places.dedup();
            if places.is_empty() {
                return Err(InputCode::NothingRight.field("correct"));
            }
            Ok((Form::Multiple { options }, Key::Exactly(Given::Multiple(places))))
        }
        (QuestionKind::TrueFalse, Some(Correct::Truth(truth))) => {
            Ok((Form::TrueFalse, Key::Exactly(Given::TrueFalse(*truth))))
        }
        (QuestionKind::Ordering, None) => {
            let shuffled = shuffle(options.len(), chance);
            let options = shuffled
                .iter()
                .map(|&place| question.options[place].clone())
                .collect();
            let key = (0..shuffled.len())
                .filter_map(|right| shuffled.iter().position(|&place| place == right))
                .map(|place| place as u8)
                .collect();
            Ok((Form::Ordering { options }, Key::Exactly(Given::Ordering(key))))
        }
        (
            QuestionKind::Number,
            Some(correct @ (Correct::Number(_) | Correct::Place(_) | Correct::Words(_))),
        ) => {
            let number = match correct {
                Correct::Number(number) => *number,
                Correct::Place(place) => f64::from(*place),
                Correct::Words(words) => {
                    let read = read_number(words, &question.unit);
                    let thousandths =
                        read.map_err(|_| InputCode::CorrectDoesNotFit.field("correct").given(words))?;
                    thousandths as f64 / 1000.0
                }
                _ => 0.0,
            };
            let thousandths = |field: &str, number: f64, least: i64| {
                if number >= least as f64 && number <= MOST_NUMBER as f64 {
                    return Ok((number * 1000.0).round() as i64);
                }
                let wrong = InputCode::OutOfRange {
                    least,
                    most: MOST_NUMBER,
                };
                Err(wrong.field(field).given(number.to_string()))
            };
            let value = thousandths("correct", number, -MOST_NUMBER)?;
            let tolerance = thousandths("tolerance", question.tolerance, 0)?;
            Ok((
                Form::Number {
                    unit: question.unit.clone(),
                },
                Key::Near { value, tolerance },
            ))
        }
        (_, Some(Correct::Words(words))) => Err(InputCode::CorrectDoesNotFit.field("correct").given(words)),
        (kind, _) => Err(InputCode::CorrectDoesNotFit
            .field("correct")
            .given(format!("{kind:?}"))),
    }
}

/// Returns a shuffled list of indices that is never the original order.
fn shuffle(count: usize, chance: &mut impl FnMut(usize) -> usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        places.swap(last, chance(last + 1));
    }
    if places.is_sorted() {
        places.rotate_left(1);
    }
    places
}

/// Gives the options of ordering questions that ask the same as before the order in which phones have them: an answer
/// names options by their place.
fn keep_order(before: &Version, course: &mut Course, solutions: &mut [Solution]) {
    for question in &mut course.graded {
        let named = |solution: &&Solution| solution.question == question.question;
        let old = before
            .course
            .graded
            .iter()
            .find(|old| old.question == question.question);
        let old_key = before.solutions.iter().find(named).map(|solution| &solution.key);
        let solution = solutions
            .iter_mut()
            .find(|solution| solution.question == question.question);
        if let (Some(old), Some(old_key), Some(solution)) = (old, old_key, solution) {
            take_order((&old.form, old_key), &mut question.form, &mut solution.key);
        }
    }
    for practice in &mut course.practice {
        let named = |old: &&Practice| old.question.question == practice.question.question;
        if let Some(old) = before.course.practice.iter().find(named) {
            take_order(
                (&old.question.form, &old.key),
                &mut practice.question.form,
                &mut practice.key,
            );
        }
    }
}

fn take_order(old: (&Form, &Key), form: &mut Form, key: &mut Key) {
    if !fault!("correction-shuffles-again")
        && in_order(old.0, old.1).is_some_and(|options| Some(options) == in_order(form, key))
    {
        *form = old.0.clone();
        *key = old.1.clone();
    }
}

/// The options of an ordering question in their right order; `None` for another kind of question.
fn in_order<'a>(form: &'a Form, key: &Key) -> Option<Vec<&'a Text>> {
    let (Form::Ordering { options }, Key::Exactly(Given::Ordering(places))) = (form, key) else {
        return None;
    };
    Some(
        places
            .iter()
            .filter_map(|place| options.get(usize::from(*place)))
            .collect(),
    )
}
