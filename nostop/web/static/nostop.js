// Comfort only: every page works without this. Settings of htmx are in base.html (htmx-config).
import * as govuk from "./vendor/govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
govuk.initAll();

// What htmx brings has components in it, or is one. Its first "load" is the page itself, which is done.
const components = Object.values(govuk).filter((each) => each.moduleName);
document.body.addEventListener("htmx:load", (event) => {
  const part = event.detail.elt;
  if (part === document.body) {
    return;
  }
  components.filter((each) => each.moduleName === part.dataset.module).forEach((Component) => new Component(part));
  govuk.initAll({ scope: part });
});

// An answer that says what is wrong with a form (422), or that somebody else was first (409), is shown like any other.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// With one of a group of answers in focus, a number chooses: never elsewhere on the page (WCAG 2.1.4).
document.body.addEventListener("keydown", (event) => {
  const group = event.target.closest("[data-keys]");
  if (!group || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const choice = [...group.querySelectorAll("input[data-key]")].find((each) => each.dataset.key === event.key);
  if (choice) {
    choice.checked = true;
    choice.focus();
    event.preventDefault();
  }
});
