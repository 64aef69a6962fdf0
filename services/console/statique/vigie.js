// Everything works without this file: it spares reloading, clicking and waiting.
"use strict";

document.documentElement.classList.add("script");

// Filters apply as soon as they are chosen.
document.addEventListener("change", (e) => {
  if (e.target.matches("select[data-auto]")) e.target.form.requestSubmit();
});

// A part that is long to compute is asked for once the page is there.
async function completer(zone) {
  zone.setAttribute("aria-busy", "true");
  try {
    const reponse = await fetch(zone.dataset.differe, { headers: { "x-fragment": "1" } });
    if (!reponse.ok) throw new Error(String(reponse.status));
    zone.innerHTML = await reponse.text();
  } catch {
    zone.querySelector("[data-attente]").textContent = "Cette partie n’a pas pu être calculée.";
  }
  zone.removeAttribute("aria-busy");
}
for (const zone of document.querySelectorAll("[data-differe]")) {
  zone.querySelector("[data-attente]").textContent = "Calcul en cours…";
  completer(zone);
}

// Live: the page is written again by the server, and takes the place of what it shows; focus and scroll stay.
const vif = document.querySelector("[data-vif]");
if (vif && window.EventSource) {
  let connue = null;
  let enCours = false;
  const etat = () => vif.querySelector("[data-direct]");
  const dire = (mot) => { if (etat()) etat().textContent = mot; };
  async function relire() {
    if (enCours || document.hidden || vif.contains(document.activeElement?.closest("select"))) return;
    enCours = true;
    try {
      const reponse = await fetch(location.href);
      if (reponse.ok) {
        const neuve = new DOMParser().parseFromString(await reponse.text(), "text/html").querySelector("[data-vif]");
        const defile = vif.querySelector(".defile");
        const place = defile ? [defile.scrollLeft, defile.scrollTop] : [0, 0];
        const tenu = document.activeElement?.getAttribute?.("href");
        vif.replaceChildren(...neuve.childNodes);
        const apres = vif.querySelector(".defile");
        if (apres) { apres.scrollLeft = place[0]; apres.scrollTop = place[1]; }
        if (tenu && document.activeElement === document.body) {
          vif.querySelector(`a[href="${CSS.escape(tenu)}"]`)?.focus({ preventScroll: true });
        }
        dire("En direct.");
      } else if (reponse.status === 401) dire("Votre session est finie : rechargez la page.");
    } finally { enCours = false; }
  }
  const flux = new EventSource(vif.dataset.flux);
  flux.addEventListener("open", () => dire("En direct."));
  flux.addEventListener("reseau", (e) => {
    if (connue !== null && connue !== e.data) relire();
    connue = e.data;
  });
  flux.addEventListener("error", () => dire(
    flux.readyState === EventSource.CLOSED ? "Direct arrêté : rechargez la page." : "Direct interrompu, nouvelle tentative…"
  ));
  addEventListener("pagehide", () => flux.close());
}

// The case files of a comité, one after the other: j or → next, k or ← previous.
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select")) return;
  const rel = { j: "next", ArrowRight: "next", k: "prev", ArrowLeft: "prev" }[e.key];
  const lien = rel && document.querySelector(`a[rel="${rel}"]`);
  if (lien) { e.preventDefault(); lien.click(); }
});

// A form is sent once.
document.addEventListener("submit", (e) => {
  if (e.target.method !== "post") return;
  if (e.target.dataset.parti) { e.preventDefault(); return; }
  e.target.dataset.parti = "1";
});
addEventListener("pageshow", () => {
  for (const f of document.querySelectorAll("form[data-parti]")) delete f.dataset.parti;
});
document.getElementById("faute")?.focus();

// A slider says where it is.
document.addEventListener("input", (e) => {
  const sortie = e.target.dataset.valeur && document.getElementById(e.target.dataset.valeur);
  if (sortie) sortie.textContent = `${Number(e.target.value).toLocaleString("fr-FR")} ETP`;
});
