"""What a page must be for everybody: axe's rules, the keyboard alone, and a screen of 320 pixels
(1280 pixels at 400%)."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE = Axe()
_RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    },
    # Not among axe's own choice, though WCAG 2.2 AA asks for it.
    "rules": {"target-size": {"enabled": True}},
}

#: Everything that a keyboard must reach, in the order of the document: of radio buttons the one
#: that is chosen, or the first. Beside each, how it looks before it has the focus.
_PREPARE = """() => {
  const look = (element) => {
    const parts = [getComputedStyle(element)];
    if (["radio", "checkbox"].includes(element.type) && element.nextElementSibling) {
      parts.push(getComputedStyle(element.nextElementSibling, "::before"));
    }
    return JSON.stringify(parts.map((style) => [
      style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow,
      style.backgroundColor, style.borderTopColor, style.borderTopWidth, style.clipPath,
      style.color,
    ]));
  };
  const radio = (element) => {
    if (element.type !== "radio") { return element; }
    const group = [...document.querySelectorAll("input[type=radio]")].filter(
      (other) => other.name === element.name && other.form === element.form && !other.disabled);
    return group.find((other) => other.checked) || group[0];
  };
  const wanted = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]"
  )].filter((element) => element.tabIndex >= 0 && !element.disabled && radio(element) === element
    && element.checkVisibility({ visibilityProperty: true }));
  const before = new Map(wanted.map((element) => [element, look(element)]));
  const name = (element) => element.outerHTML.slice(0, 120);
  window.tabbed = { wanted: wanted.map(name), reached: [], unseen: [] };
  // From the top, also where an error summary has the focus: what was blurred is where Tab goes on.
  if (document.activeElement !== document.body) {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  }
  document.addEventListener("focusin", (event) => {
    const element = event.target;
    if (!before.has(element)) { return; }
    window.tabbed.reached.push(name(element));
    if (look(element) === before.get(element)) { window.tabbed.unseen.push(name(element)); }
  });
  return wanted.length;
}"""
#: More presses than there are stops: a frame that scrolls is a stop of the browser's own.
_MORE_PRESSES = 5

_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const framed = (element) => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX !== "visible") { return true; }
    }
    return false;
  };
  if (document.documentElement.scrollWidth <= width) { return []; }
  const over = [...document.body.querySelectorAll("*")].filter(
    (element) => element.getBoundingClientRect().right > width + 1 && !framed(element));
  return [`${document.documentElement.scrollWidth} > ${width}`,
    ...over.slice(0, 8).map((element) => element.outerHTML.slice(0, 120))];
}"""

_ON_PAPER = """() => [...document.querySelectorAll(
    "nav, button, .govuk-button, .govuk-skip-link, .govuk-back-link, .moj-filter-layout__filter"
  )].filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .map((element) => element.outerHTML.slice(0, 120))"""


def breaches(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 A and AA: rule, what it says, and where."""
    found = _AXE.run(page, options=_RULES).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def keyboard_faults(page: Page) -> list[str]:
    """Return what Tab does not reach, or in another order, and where its focus is not seen.

    Press Tab from the start of a page that was just opened; the focus is moved.
    """
    stops = page.evaluate(_PREPARE)
    for _ in range(stops + _MORE_PRESSES):
        page.keyboard.press("Tab")
    tabbed = page.evaluate("() => window.tabbed")
    wanted, reached = tabbed["wanted"], tabbed["reached"][:stops]
    faults = [f"the focus is not seen: {name}" for name in dict.fromkeys(tabbed["unseen"])]
    if wanted != reached:
        differ = next(
            (pair for pair in zip(wanted, [*reached, *wanted], strict=False) if pair[0] != pair[1]),
            (wanted[len(reached)] if len(reached) < stops else "", "nothing"),
        )
        faults.append(f"Tab reaches {len(reached)} of {stops}: {differ[1]} instead of {differ[0]}")
    return faults


def too_wide_for_320(page: Page) -> list[str]:
    """Return what makes a page scroll sideways on a screen of 320 by 256 CSS pixels."""
    before = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 256})
    found: list[str] = page.evaluate(_TOO_WIDE)
    if before is not None:
        page.set_viewport_size(before)
    return found


def printed_too_much(page: Page) -> list[str]:
    """Return what is only for a screen, to go somewhere or to press, and yet stands on paper."""
    page.emulate_media(media="print")
    found: list[str] = page.evaluate(_ON_PAPER)
    page.emulate_media(media="screen")
    return found


def faults_of(page: Page) -> list[str]:
    """Return what keeps somebody from reading the page that is open."""
    headings = page.locator("h1").count()
    return [
        *([f"{headings} headings of the first level"] if headings != 1 else []),
        *(f"axe: {breach}" for breach in breaches(page)),
        *(f"too wide: {wide}" for wide in too_wide_for_320(page)),
    ]
