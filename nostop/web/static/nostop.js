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
