//! Words of courses, practice and quizzes, and what the activity page says of its acts.

#[cfg(feature = "csr")]
use crate::activity::view::ActView;
#[cfg(feature = "csr")]
use crate::browser::app_state::AppState;
#[cfg(feature = "csr")]
use crate::feature::Described;
use crate::feature::When;
#[cfg(feature = "csr")]
use crate::routes::Route;
use crate::text::points;
#[cfg(feature = "csr")]
use crate::text::something;
#[cfg(feature = "csr")]
use domain::learning::Command;
use domain::learning::Unpaid;
use domain::{Error, Lang, Receipt};

say! {
    newer_quiz: "Ce quiz a des questions d’un nouveau genre. Mettez l’application à jour pour le passer.", "This quiz has questions of a new kind. Update the app to take it.";
    error_answers_do_not_fit: "Les réponses ne vont pas avec cette version du quiz. Refaites-le : votre essai n’est pas compté.", "The answers do not fit this version of the quiz. Take it again: this try is not counted.";
    unpaid_newer: "Pas de points cette fois.", "No points this time.";
    unpaid_passed_before: "Déjà réussi avant : cet essai compte comme entraînement.", "Passed before: this one counts as practice.";
    unpaid_paid_before: "Les points de ce cours sont déjà reçus.", "You already have the points of this course.";
    unpaid_replaced: "Ce quiz a été remplacé il y a plus d’une semaine : pas de points. Passez le nouveau.", "This quiz was replaced more than a week ago: no points. Take the new one.";
    wrong_ones_later: "Les questions à revoir sont montrées une fois le quiz réussi, ou si vous réessayez à partir de demain.", "The questions to review are shown once you have passed, or if you try again from tomorrow on.";
    quiz_changed: "Ce quiz a changé. Ces réponses n’ont pas pu être gardées :", "This quiz has changed. These answers could not be kept:";
    answers_returned: "Vos réponses de la dernière fois sont là.", "Your answers of last time are here.";
    three_decimals: "Trois décimales au plus.", "Three decimals at most.";
    number_alone: "Écrivez le nombre seul, sans unité.", "Write the number alone, without a unit.";
    points_received: "points déjà reçus", "points already received";
    unpaid_withdrawn: "Ce cours n’était plus proposé : pas de points.", "This course was no longer offered: no points.";
    go_on: "Continuer", "Carry on";
    courses_for_me: "Pour mon métier", "For my trade";
    other_courses: "Autres cours", "Other courses";
    no_courses: "Pas de cours pour l’instant. Votre conseiller peut vous dire ce qui se prépare.", "No courses yet. Your advisor can tell you what is coming.";
    passed: "Réussi", "Passed";
    not_passed: "Pas encore réussi", "Not passed yet";
    handed_in: "Quiz rendu", "Quiz handed in";
    marked_later: "Corrigé dès que le réseau est là.", "Marked as soon as there is a network.";
    lesson_read: "Lue", "Read";
    the_lessons: "Leçons", "Lessons";
    check_yourself: "Vérifier ce que l’on sait", "Check what you know";
    take_quiz_again: "Refaire le quiz", "Take the quiz again";
    quiz_again_hint: "Déjà réussi : un nouvel essai compte comme entraînement.", "Already passed: another try counts as practice.";
    my_tries: "Mes essais", "My tries";
    keep_pictures: "Garder les images hors ligne", "Keep pictures offline";
    download_failed: "Le téléchargement n’a pas abouti. Réessayez avec du réseau.", "The download did not finish. Try again with a connection.";
    read_and_next: "Lu, leçon suivante", "Read, next lesson";
    read_and_done: "Lu, terminer", "Read, finish";
    next_lesson: "Leçon suivante", "Next lesson";
    lesson_before: "Leçon précédente", "Lesson before";
    back_to_course: "Retour au cours", "Back to the course";
    is_true: "Vrai", "True";
    is_false: "Faux", "False";
    several_answers: "Plusieurs réponses possibles.", "More than one answer may be right.";
    put_in_order: "Mettez dans l’ordre avec les flèches.", "Put in order with the arrows.";
    not_a_number: "Écrivez un nombre, par exemple 4,5.", "Write a number, for example 4.5.";
    right: "Juste", "Right";
    wrong: "Pas tout à fait", "Not quite";
    check: "Vérifier", "Check";
    answer_first: "Choisissez d’abord une réponse.", "Choose an answer first.";
    next_question: "Question suivante", "Next question";
    question_before: "Question précédente", "Question before";
    finish: "Terminer", "Finish";
    practice_done: "Entraînement terminé", "Practice finished";
    practice_done_hint: "Recommencez quand vous voulez : l’entraînement ne compte pas.", "Do it again whenever you like: practice does not count.";
    answer_or_skip: "Sans réponse pour l’instant : vous pourrez y revenir.", "No answer yet: you can come back to it.";
    to_summary: "Relire avant de rendre", "Review before handing in";
    draft_kept: "Vos réponses restent sur ce téléphone, même si vous quittez.", "Your answers stay on this phone, even if you leave.";
    answered: "Répondu", "Answered";
    unanswered: "Sans réponse", "Not answered";
    hand_in_title: "Rendre le quiz", "Hand in the quiz";
    hand_in_hint: "Touchez une question pour y revenir. Après, on ne change plus.", "Tap a question to go back to it. After that it is final.";
    hand_in: "Rendre", "Hand in";
    not_counted: "Essai non compté", "Not counted";
    to_review: "À revoir", "To review";
    other_courses_link: "Voir les autres cours", "See the other courses";
}

fill! {
    act_lesson(course: &str): "Leçon lue : {course}", "Lesson read: {course}";
    act_practice(course: &str): "Entraînement terminé : {course}", "Practice finished: {course}";
    act_quiz(course: &str): "Quiz rendu : {course}", "Quiz handed in: {course}";
    receipt_graded(right: u32, of: u32): "{right} bonnes réponses sur {of}.", "{right} right out of {of}.";
    lessons_read(read: i64, all: i64): "{read} sur {all} leçons lues", "{read} of {all} lessons read";
    passed_on(day: &str): "Le {day}", "On {day}";
    practise(questions: &str): "S’entraîner · {questions}", "Practise · {questions}";
    take_quiz(questions: &str): "Passer le quiz · {questions}", "Take the quiz · {questions}";
    quiz_hint(mark: u32, points: &str): "Dès {mark} % de bonnes réponses : {points}.", "{mark}% right answers bring {points}.";
    right_of(right: u32, of: u32): "{right} juste sur {of}", "{right} right of {of}";
    downloading(done: u32, all: u32): "Téléchargement : {done} sur {all}", "Downloading: {done} of {all}";
    pictures_here(size: &str): "Sur ce téléphone · {size}", "On this phone · {size}";
    pictures_size(size: &str): "Téléchargement de {size}", "A download of {size}";
    lesson_of(at: usize, of: usize): "Leçon {at} sur {of}", "Lesson {at} of {of}";
    question_of(at: usize, of: usize): "Question {at} sur {of}", "Question {at} of {of}";
    move_up(name: &str): "Monter : {name}", "Move up: {name}";
    move_down(name: &str): "Descendre : {name}", "Move down: {name}";
    your_answer(unit: &str): "Votre réponse ({unit})", "Your answer ({unit})";
    the_answer(answer: &str): "La réponse : {answer}", "The answer: {answer}";
    points_to_come(points: &str): "{points} à confirmer si c’est réussi.", "{points} to confirm if you pass.";
    read_again(lesson: &str): "À relire : {lesson}", "Read again: {lesson}";
    quiz_paid_hint(mark: u32): "Réussi dès {mark} % de bonnes réponses. Les points de ce cours sont déjà reçus.", "{mark}% right answers pass it. You already have the points of this course.";
    error_too_soon(at: &str): "C’était trop tôt pour un nouvel essai : possible dès le {at}. Vos réponses sont gardées dans le quiz.", "It was too soon for another try: possible from {at}. Your answers are kept in the quiz.";
    next_try(at: &str): "Prochain essai possible dès le {at}.", "The next try is possible from {at}.";
    two_readings(grouped: &str, decimal: &str): "Cela peut se lire de deux façons : écrivez {grouped} ou {decimal}.", "This can be read in two ways: write {grouped} or {decimal}.";
    answer_in(unit: &str): "La réponse se donne en {unit}.", "The answer is given in {unit}.";
    not_passed_hint(mark: u32): "Il faut {mark} % de bonnes réponses. Relisez, puis recommencez.", "{mark}% right answers are needed. Read again, then try once more.";
}

count! {
    lessons: "{n} leçon" / "{n} leçons", "{n} lesson" / "{n} lessons";
    questions: "{n} question" / "{n} questions", "{n} question" / "{n} questions";
    some_unanswered: "{n} question est sans réponse." / "{n} questions sont sans réponse.", "{n} question has no answer yet." / "{n} questions have no answer yet.";
}

/// Why a pass paid nothing.
pub fn unpaid_text(unpaid: Unpaid, lang: Lang) -> &'static str {
    match unpaid {
        Unpaid::PassedBefore => unpaid_passed_before(lang),
        Unpaid::Withdrawn => unpaid_withdrawn(lang),
        Unpaid::PaidBefore => unpaid_paid_before(lang),
        Unpaid::Replaced => unpaid_replaced(lang),
        Unpaid::Newer => unpaid_newer(lang),
    }
}

/// Why it refused; `None` where the refusal is another's.
pub(super) fn refusal(error: &Error, lang: Lang, when: When) -> Option<String> {
    match error {
        Error::AnswersDoNotFit => Some(error_answers_do_not_fit(lang).to_owned()),
        Error::TooSoon { at } => Some(error_too_soon(lang, &when(*at))),
        _ => None,
    }
}

/// What a confirmed act brought; `None` where the receipt is another's.
pub(super) fn receipt(receipt: &Receipt, lang: Lang) -> Option<String> {
    let Receipt::Graded(result) = receipt else {
        return None;
    };
    let mut text = receipt_graded(lang, result.right, result.of);
    if result.points > 0 {
        text.push_str(" +");
        text.push_str(&points(lang, result.points));
        text.push('.');
    }
    Some(text)
}

/// What the activity page says of an act.
#[cfg(feature = "csr")]
pub(super) fn describe(app: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    let command: Command = act.command()?;
    let course = command.course();
    let learning = app.learning.get();
    let known = learning.course(course);
    let title = known.map_or(something(lang), |view| view.course.title.get(lang));
    let (words, route) = match command {
        Command::ReadLesson { .. } => (act_lesson(lang, title), Route::Course(course)),
        Command::FinishPractice { .. } => (act_practice(lang, title), Route::Course(course)),
        Command::HandInQuiz { .. } => (act_quiz(lang, title), Route::Attempt(course, act.id)),
    };
    Some(Described {
        words,
        route: known.map(|_| route),
        minor: false,
    })
}
