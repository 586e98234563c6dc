"""What stands around the views: colors, the address of what is shown, notes, and the keyboard in a matrix."""

import pytest


def test_colors(pages, opened):
    """The page follows the system until a choice is made, and keeps the choice."""
    _, path = pages("xornet")
    shown = opened(path, color_scheme="light")
    paper = lambda: shown.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")  # noqa: E731
    light = paper()
    shown.page.get_by_label("Colors").select_option("dark")
    dark = paper()
    shown.page.reload()
    shown.page.wait_for_selector("html[data-ready]")
    assert paper() == dark != light
    shown.page.emulate_media(color_scheme="dark")
    shown.page.get_by_label("Colors").select_option("light")
    assert paper() == light
    shown.page.get_by_label("Colors").select_option("system")
    assert paper() == dark and not shown.complaints


def test_address_of_what_is_shown(pages, opened):
    """What was moved stands in the address; opened again, the page shows the same, the last thing moved in view."""
    _, path = pages("xor-2-2-2-1-seed2")
    shown = opened(path)
    page = shown.page
    assert page.evaluate("location.hash") == ""
    page.get_by_label("Explanation on the right", exact=True).select_option(index=7)
    for name, times in (("explanation on the left", 2), ("interpretation", 1)):
        for _ in range(times):
            page.get_by_role("button", name=f"next {name}", exact=True).click()
    seen = ".views", "[data-host=caption]"
    before, address = [shown.text(one) for one in seen], page.evaluate("location.href")
    assert address.endswith("audit-0.interpretation=2") and "audit-0.explanation-on-the-right=8" in address

    again = opened(path)
    again.page.goto(address)
    again.page.reload()
    again.page.wait_for_selector("html[data-ready]")
    assert [again.text(one) for one in seen] == before
    stepper = again.page.get_by_role("group", name="interpretation", exact=True)
    assert stepper.evaluate(
        "one => { const box = one.getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight; }"
    )
    for wrong in ("#show:audit-0.interpretation=x", "#show:%E0%A4%A", "#show:nothing=1&audit-7.place=2", "#show:"):
        again.page.goto(address.split("#")[0] + wrong)
        again.page.reload()
        again.page.wait_for_selector("html[data-ready]")
    assert not shown.complaints and not again.complaints


def test_notes(pages, opened, tmp_path):
    """Notes stay in the browser, and in the page when it is saved with them; what they hold is text."""
    _, path = pages("xornet")
    shown, text = opened(path), 'A & B </script><b>bold</b> \u2028 "quoted"'
    shown.page.get_by_text("Notes", exact=True).click()
    shown.page.get_by_label("Notes").fill(text)
    shown.page.reload()
    shown.page.wait_for_selector("html[data-ready]")
    assert shown.page.get_by_label("Notes").input_value() == text
    with shown.page.expect_download() as saved:
        shown.page.get_by_role("button", name="Save the page with them").click()
    saved.value.save_as(tmp_path / "noted.html")
    again = opened(tmp_path / "noted.html")
    assert again.page.get_by_label("Notes").input_value() == text
    assert again.text(".views") == shown.text(".views") and not again.complaints and not shown.complaints


@pytest.mark.parametrize(
    "key", ["End", *(pytest.param(key, marks=pytest.mark.nightly) for key in ("ArrowRight", "ArrowDown"))]
)
def test_a_matrix_is_one_stop(pages, opened, key):
    """Tab reaches one cell; arrow keys move among the others, and Enter puts two explanations side by side."""
    _, path = pages("xornet")
    shown = opened(path)
    cells = shown.page.locator(".matrix tbody button")
    assert shown.page.locator('.matrix button[tabindex="0"]').count() == 1
    cells.first.focus()
    shown.page.keyboard.press(key)
    across = shown.page.locator(".matrix tbody tr").first.locator("button").count()
    wanted = {"ArrowRight": 1, "ArrowDown": across, "End": across - 1}[key]
    assert cells.evaluate_all("all => all.indexOf(document.activeElement)") == wanted
    assert shown.page.locator('.matrix button[tabindex="0"]').count() == 1
    shown.page.keyboard.press("Enter")
    assert shown.page.get_by_role("group", name="explanation on the right", exact=True).locator("output").inner_text()


@pytest.mark.nightly
def test_neurons_are_one_stop(pages, opened):
    """Tab reaches one neuron; arrow keys go along its layer and to the nearest neuron of the next, Enter chooses, and
    Escape gives the whole network back."""
    _, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)
    keys, stage = shown.page.keyboard, shown.page.locator(".stage")
    assert stage.locator('[role=button][tabindex="0"]').count() == 1
    stage.locator('[data-part="neuron-1-0"]').focus()
    for key, wanted in (
        ("ArrowDown", "1-1"), ("ArrowRight", "2-1"), ("ArrowUp", "2-0"), ("ArrowUp", "2-0"), ("ArrowRight", "2-0"),
        ("ArrowLeft", "1-0"),
    ):  # fmt: skip
        keys.press(key)
        assert shown.page.evaluate("document.activeElement.dataset.part") == f"neuron-{wanted}"
    assert stage.locator('[role=button][tabindex="0"]').count() == 1
    keys.press("Enter")
    assert "h1.0" in shown.text("[data-host=signature]") and shown.text("[data-host=caption]").startswith(
        "Chosen: h1.0"
    )
    keys.press("Escape")
    assert shown.text("[data-host=signature]") == "No neuron is chosen."
    assert shown.text("[data-host=caption]").startswith("Thicker edges") and not shown.complaints
