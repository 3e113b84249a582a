// @ts-check
// Who is in front of the camera and what they agreed to; a problem that stops delivery is said here first.

import { get, post } from "../../kit/api.js";
import { ask } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import { choose } from "../../kit/menu.js";
import { send_piece } from "../../kit/pieces.js";
import { toast } from "../../kit/toast.js";
import { consent_field } from "./swap.js";

/** @param {any} state */
export function performers_panel(state) {
  const rows = state.performers.map((/** @type {any} */ person) => {
    const consent = person.consent;
    const until = consent.valid_until ? `, until ${consent.valid_until}` : "";
    const uses = consent.uses.length ? `, for ${consent.uses.join(", ")}` : "";
    const words = person.problem ? `${person.problem}: nothing final is written` : `${consent.status}${until}${uses}`;
    const edit = h("button", { type: "button", class: "quiet", onclick: () => edit_consent(person) }, "Change…");
    const form = h("a", { href: `/api/project/performers/${encodeURIComponent(person.name)}/consent/form`, target: "_blank", "data-tip": "The page to sign, with what is recorded; your browser prints it" }, "Form");
    return h("li", { "data-performer": person.name }, h("span", { class: "grow" }, h("strong", {}, person.name), person.called !== person.name ? ` ${person.called}` : "", h("div", { class: person.problem ? "bad small" : consent.status === "not stated" ? "warn small" : "dim small" }, words)), form, edit);
  });
  const empty = h("p", { class: "dim" }, "Nobody yet. Each clip names its performer.");
  return h("section", { class: "panel", "aria-label": "Performers" }, h("h2", {}, "Performers and consent"), rows.length ? h("ul", { class: "list rows" }, rows) : empty);
}

/** Change it for the one there is, or one that is chosen. @param {any} state */
export async function change_consent(state) {
  const people = state.performers;
  if (!people.length) throw new Error("There is nobody yet: each clip names its performer. Add one first.");
  const at = document.querySelector("us-room-project [aria-label=Performers]") ?? document.body;
  const name = people.length === 1 ? people[0].name : await choose(at, people.map((/** @type {any} */ one) => ({ label: one.name, note: one.consent.status })));
  const person = people.find((/** @type {any} */ one) => one.name === name);
  if (person) await edit_consent(person);
}

/** @param {any} person */
async function edit_consent(person) {
  const consent = person.consent;
  const field = {
    status: consent_field(consent.status),
    who: h("input", { type: "text", value: consent.who, size: 32 }),
    scope: h("input", { type: "text", value: consent.scope, size: 32 }),
    uses: h("input", { type: "text", value: consent.uses.join(", "), size: 32, placeholder: "film, trailer" }),
    valid_from: h("input", { type: "date", value: consent.valid_from ?? "" }),
    valid_until: h("input", { type: "date", value: consent.valid_until ?? "" }),
    attested_by: h("input", { type: "text", value: consent.attested_by, size: 32 }),
  };
  const words = { status: "Consent", who: "Name or role", scope: "What for, in the words agreed on", uses: "Uses, with commas", valid_from: "First day", valid_until: "Last day", attested_by: "Stated by" };
  const rows = Object.entries(words).map(([name, text]) => h("label", {}, h("span", {}, text), field[/** @type {"who"} */ (name)]));
  const evidence = h("input", { type: "file", accept: ".pdf,.png,.jpg,.jpeg,.tif,.tiff,.txt,.eml" });
  rows.push(h("label", {}, h("span", {}, "Signed form or contract"), evidence));
  const known = consent.evidence ? `Recorded is ${consent.evidence}; a file chosen here takes its place, and both stay.` : "A PDF, a picture or text. It is kept in the project, and its SHA-256 goes into the marks.";
  const choices = [{ label: "Cancel", value: false }, { label: "Record", value: true, kind: /** @type {"primary"} */ ("primary") }];
  const content = [h("div", { class: "fields" }, rows), h("p", { class: "dim small" }, known)];
  const attempt = () => record_consent(person.name, field, evidence.files?.[0]);
  if (await ask({ title: `What ${person.name} agreed to`, content, choices, attempt })) toast(`Recorded for ${person.name}.`, { kind: "good" });
}

/** @param {string} name @param {Record<string, any>} field @param {File} [file] that proves it */
async function record_consent(name, field, file) {
  const values = Object.fromEntries(Object.entries(field).map(([name, input]) => [name, input.value.trim()]));
  const uses = values.uses.split(",").map((/** @type {string} */ use) => use.trim()).filter(Boolean);
  const place = `project/performers/${encodeURIComponent(name)}/consent`;
  const evidence = file ? await send_evidence(place, file) : "";
  await post(place, { values: { ...values, uses, valid_from: values.valid_from || null, valid_until: values.valid_until || null }, evidence });
}

/** Send a file that counts once a consent names it; answers its id. @param {string} place @param {File} file */
async function send_evidence(place, file) {
  const { id } = await post(`${place}/evidence`, { name: file.name, size_bytes: file.size });
  toast(`Sending ${file.name}…`);
  let upload = await get(`uploads/${id}`);
  while (upload.have_bytes < file.size) upload = await send_piece(file, upload);
  return id;
}
