"""The embedded engine on small meetings in every language it knows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.summary import Brief, Summary
from agent.summary.extractive import extract
from agent.summary.language import KNOWN, detected, language
from agent.summary.meeting_types import load
from agent.summary.segments import segments
from agent.summary.sentences import sentences
from tests.unit.summary.conftest import BRIEF, entries

GENERAL = load()["general"]

MEETINGS = {
    "en": [
        (
            "Anna Example",
            "Today we look at the budget of the customer portal and the delay of the customer portal.",
        ),
        (
            "Ben Example",
            "The budget of the portal is too small, since the testing of the portal takes longer.",
        ),
        ("Anna Example", "We decided to postpone the launch of the portal to the first of June."),
        ("Ben Example", "I'll update the project plan by Friday."),
        ("Anna Example", "Clara, can you check the contract with the supplier?"),
        ("Clara Example", "Sure, I will check the contract tomorrow."),
        ("Anna Example", "Who is going to pay for the additional testing hours?"),
    ],
    "de": [
        (
            "Anna Example",
            "Heute geht es um das Budget für das Kundenportal und die Verzögerung beim Kundenportal.",
        ),
        ("Ben Example", "Das Budget für das Portal ist zu klein, weil die Tests des Portals länger dauern."),
        ("Anna Example", "Wir haben beschlossen, den Start des Portals auf den ersten Juni zu verschieben."),
        ("Ben Example", "Ich aktualisiere den Projektplan bis Freitag."),
        ("Anna Example", "Clara, kannst du den Vertrag mit dem Lieferanten prüfen?"),
        ("Clara Example", "Ja, ich prüfe den Vertrag morgen früh."),
        ("Anna Example", "Wer bezahlt eigentlich die zusätzlichen Stunden für die Tests?"),
    ],
    "fr": [
        ("Anna Example", "Aujourd'hui on parle du budget du portail client et du retard du portail client."),
        (
            "Ben Example",
            "Le budget du portail est trop petit, parce que les tests du portail durent plus longtemps.",
        ),
        ("Anna Example", "Nous avons décidé de reporter le lancement du portail au premier juin."),
        ("Ben Example", "Je vais envoyer le planning avant vendredi."),
        ("Anna Example", "Clara, peux-tu vérifier le contrat avec le fournisseur ?"),
        ("Clara Example", "Oui, je vais vérifier le contrat demain."),
        ("Anna Example", "Qui paie les heures supplémentaires pour les tests ?"),
    ],
    "es": [
        (
            "Anna Example",
            "Hoy hablamos del presupuesto del portal de clientes y del retraso del portal de clientes.",
        ),
        (
            "Ben Example",
            "El presupuesto del portal es demasiado pequeño porque las pruebas del portal duran más.",
        ),
        ("Anna Example", "Hemos decidido aplazar el lanzamiento del portal al primero de junio."),
        ("Ben Example", "Voy a enviar el plan antes del viernes."),
        ("Anna Example", "Clara, ¿puedes revisar el contrato con el proveedor?"),
        ("Clara Example", "Sí, voy a revisar el contrato mañana."),
        ("Anna Example", "¿Quién paga las horas adicionales de las pruebas?"),
    ],
    "pt": [
        (
            "Anna Example",
            "Hoje falamos do orçamento do portal de clientes e do atraso do portal de clientes.",
        ),
        ("Ben Example", "O orçamento do portal é pequeno demais porque os testes do portal demoram mais."),
        ("Anna Example", "Decidimos adiar o lançamento do portal para o primeiro de junho."),
        ("Ben Example", "Eu vou enviar o plano até sexta-feira."),
        ("Anna Example", "Clara, você pode revisar o contrato com o fornecedor?"),
        ("Clara Example", "Sim, eu vou revisar o contrato amanhã."),
        ("Anna Example", "Quem paga as horas adicionais dos testes?"),
    ],
    "ja": [
        ("山田 例", "本日は顧客ポータルの予算と顧客ポータルの遅延について話します。"),
        ("佐藤 例", "ポータルのテストが長引いているため、ポータルの予算が足りません。"),
        ("山田 例", "ポータルの公開を六月一日に延期することに決定しました。"),
        ("佐藤 例", "私が計画書を金曜日までに送ります。"),
        ("山田 例", "鈴木さん、契約書の確認をお願いします。"),
        ("鈴木 例", "はい、契約書は明日までに確認します。"),
        ("山田 例", "追加のテスト費用は誰が負担しますか？"),
    ],
}
TAGS = {"en": "en-US", "de": "de-DE", "fr": "fr-FR", "es": "es-ES", "pt": "pt-BR", "ja": "ja-JP"}


def summarised(code: str) -> Summary:
    said = MEETINGS[code]
    brief = Brief(meeting_title="Portal", roster=tuple(dict.fromkeys(name for name, _ in said)))
    return extract(brief, entries(said, TAGS[code]), GENERAL, "general")


@pytest.mark.parametrize("code", KNOWN)
def test_the_decision_is_found(code):
    assert [one.cites for one in summarised(code).decisions] == [(3,)]


@pytest.mark.parametrize("code", KNOWN)
def test_promises_have_their_owner_and_due_time_as_said(code):
    first, second = summarised(code).action_items
    said = MEETINGS[code]
    assert (first.owner, first.cites) == (said[3][0], (4,))
    assert first.due
    assert first.due in said[3][1]
    assert (second.owner, second.cites) == (said[5][0], (5, 6))
    assert second.due
    assert second.due in said[5][1]


@pytest.mark.parametrize("code", KNOWN)
def test_the_question_nobody_answered_is_open(code):
    assert [one.cites for one in summarised(code).open_questions] == [(7,)]


@pytest.mark.parametrize("code", KNOWN)
def test_the_subject_is_named_in_the_language_of_the_meeting(code):
    found = summarised(code)
    assert found.language == code
    subject = "ポータル" if code == "ja" else "portal" if code != "fr" else "portail"
    assert subject in found.tldr[0].text.casefold()
    assert "about" not in found.tldr[0].text or code == "en"


@pytest.mark.parametrize("code", KNOWN)
def test_a_language_is_known_by_its_words_when_nothing_says_it(code):
    assert detected(entries(MEETINGS[code], None)) == code


@pytest.mark.parametrize("code", KNOWN)
def test_every_language_file_is_whole(code):
    known = language(code)
    assert known.code == code
    assert known.about.count("{topics}") == 1


def test_an_unknown_language_is_summarised_with_a_note():
    said = [("Anna Example", "Dnes mluvíme o rozpočtu zákaznického portálu a o zpoždění portálu.")] * 3
    found = extract(BRIEF, entries(said, "cs-CZ"), GENERAL, "general")
    assert found.language == "cs"
    assert "does not know this language" in found.notes[0].text
    assert not any("about" in one.text for one in found.tldr)


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("pt", "Bom dia, vamos falar sobre o novo portal.", "Vamos falar sobre o novo portal."),
        ("de", "Guten Morgen zusammen, es geht um das Portal.", "Es geht um das Portal."),
        ("en", "Good morning everyone, the portal is late.", "The portal is late."),
    ],
)
def test_a_greeting_is_left_out_whole(code, text, told):
    assert language(code).tidied(text) == told


def test_a_german_date_is_not_the_end_of_a_sentence():
    said = [("Anna Example", "Der Start ist am 14. Februar um neun Uhr. Danach sehen wir weiter.")]
    found = [one.text for one in sentences(entries(said, "de-DE"), language("de"))]
    assert found == ["Der Start ist am 14. Februar um neun Uhr.", "Danach sehen wir weiter."]


def test_to_begin_is_no_decision():
    said = [("Anna Example", "Good morning everyone, let's start with the budget of the portal.")]
    assert extract(BRIEF, entries(said, "en-US"), GENERAL, "general").decisions == ()


def test_a_wish_for_another_language_is_answered_honestly():
    found = extract(BRIEF.model_copy(update={"language": "de"}), entries(), GENERAL, "general")
    assert found.language == "en"
    assert "cannot translate" in found.notes[0].text


def found_in(*said, code="en"):
    return extract(BRIEF, entries(said, code), GENERAL, "general")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", "So no decision on the server room of the office was made."),
        ("es", "Bueno, no hay presupuesto para la sala de servidores este año."),
        ("pt", "Bom, não temos verba para a sala de servidores este ano."),
    ],
)
def test_a_no_within_the_sentence_stays_in_it(code, said):
    (sentence,) = sentences(entries([("Anna Example", said)], code), language(code))
    assert sentence.text.split()[0].casefold() in {"no", "não"}


def test_a_no_that_answers_somebody_is_left_out():
    (sentence,) = sentences(entries([("Anna Example", "No, the server room moves.")], "en"), language("en"))
    assert sentence.text == "The server room moves."


def test_who_agreed_to_a_decision_in_so_many_words_is_told():
    found = found_in(
        ("Anna Example", "Let's agree that we ship version four on the third of December."),
        ("Ben Example", "Agreed."),
        ("Clara Example", "Works for me."),
        ("Anna Example", "Next, the server room of the new office."),
        ("Ben Example", "Yes."),
    )
    (decision,) = found.decisions
    assert (decision.agreed_by, decision.cites) == (("Ben Example", "Clara Example"), (1, 2, 3))


def test_nobody_agreed_who_only_went_on_talking():
    found = found_in(
        ("Anna Example", "We decided to ship version four on the third of December."),
        ("Ben Example", "Yes, but the certification of the card terminal takes two days."),
    )
    assert found.decisions[0].agreed_by == ()


def test_a_request_is_a_task_and_no_open_question():
    found = found_in(
        ("Anna Example", "Can you get a quote from a freelancer by the end of the month?"),
        ("Ben Example", "Will do."),
    )
    assert [(one.owner, one.due) for one in found.action_items] == [
        ("Ben Example", "by the end of the month")
    ]
    assert found.open_questions == ()


@pytest.mark.parametrize(
    ("said", "owner", "due"),
    [
        ("I'll rerun the certification tomorrow morning.", "Anna Example", "tomorrow morning"),
        ("Ben, order a coffee machine please, under five hundred euros.", "Ben Example", None),
        ("Ben, could you run the certification of the terminal again by Friday?", "Ben Example", "by Friday"),
    ],
)
def test_promises_and_requests_name_who_and_by_when(said, owner, due):
    found = found_in(("Anna Example", said), ("Ben Example", "Happy to."))
    assert [(one.owner, one.due) for one in found.action_items] == [(owner, due)]


def test_what_is_told_in_short_asks_nothing():
    lines = [
        f"Is the problem with the firmware of terminal {n} the same as the problem last month?"
        for n in range(6)
    ]
    told = "The firmware of the terminal times out after thirty seconds in the payment tests."
    found = found_in(*(("Anna Example", line) for line in lines), ("Ben Example", told))
    assert not [one.text for one in found.tldr if "?" in one.text]


def test_greetings_agreement_and_hesitation_are_not_quoted():
    said = [
        ("Anna Example", "Um, good morning. Yeah. Okay, great, thanks."),
        (
            "Ben Example",
            "Uh, so, the the supplier of the, um, batteries has raised the price of the batteries.",
        ),
        ("Anna Example", "Yeah, right."),
    ]
    *_, quoted = extract(BRIEF, entries(said), GENERAL, "general").tldr
    assert quoted.text == "The supplier of the batteries has raised the price of the batteries."
    assert quoted.cites == (2,)


def test_a_sentence_that_goes_over_several_entries_cites_them_all():
    said = [
        ("Anna Example", "We have decided that the new office will be"),
        ("Anna Example", "opened in the second week of September"),
        ("Anna Example", "with the whole team of the region. That is all."),
    ]
    (decision,) = extract(BRIEF, entries(said), GENERAL, "general").decisions
    assert decision.cites == (1, 2, 3)
    assert decision.text.endswith("with the whole team of the region.")


def test_one_who_is_named_twice_on_the_roster_is_not_guessed():
    said = [*MEETINGS["en"][:4], ("Anna Example", "Clara will check the contract with the supplier.")]
    brief = Brief(meeting_title="x", roster=("Clara Example", "Clara Sample"))
    found = extract(brief, entries(said), GENERAL, "general")
    assert all(action.owner != "Clara Example" for action in found.action_items)


def test_a_change_of_subject_cuts_the_meeting():
    batteries = [
        ("Anna Example", f"The batteries of model {n} lose their charge in the cold.")
        for n in "abcdefghijklmno"
    ]
    catering = [
        ("Ben Example", f"The caterer brings soup and bread for table {n} at lunch.")
        for n in "abcdefghijklmno"
    ]
    found = sentences(entries(batteries + catering), language("en"))
    first, second = segments(found, 2)
    assert {one.speaker for one in first} == {"Anna Example"}
    assert {one.speaker for one in second} == {"Ben Example"}


def test_topics_carry_their_time_and_follow_each_other():
    batteries = [
        ("Anna Example", f"The batteries of model {n} lose their charge in the cold.")
        for n in "abcdefghijklmno"
    ]
    catering = [
        ("Ben Example", f"The caterer brings soup and bread for table {n} at lunch.")
        for n in "abcdefghijklmno"
    ]
    first, second = extract(BRIEF, entries(batteries + catering, step=30), GENERAL, "general").topics
    assert "batteries" in first.title.casefold()
    assert "soup" in second.title.casefold() or "caterer" in second.title.casefold()
    assert 0 == first.start_seconds < first.end_seconds <= second.start_seconds < second.end_seconds


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["Anna Example", "Ben", ""]), st.text(max_size=80)), min_size=1, max_size=25
    )
)
def test_any_transcript_gives_a_summary_that_cites_only_what_exists(said):
    found = extract(BRIEF, entries(said, None), GENERAL, "general")
    assert all(1 <= n <= len(said) for one in found.statements() for n in one.cites)
    assert all(one.cites for one in found.statements())
