/*
 * Runs inside PaperCut's script sandbox: printer > Scripting (printJobHook), and, where a device shall ask too, device >
 * Scripting (deviceLoginHook, devicePrintReleaseHook). ES5, no Java, no network, no state.
 *
 * Policy after the login: refuses who must not print, shows what a job costs and who pays, asks before dear jobs, marks the
 * job's comment. It decides nothing about money: bills come from balances, not from here. It runs twice or more for each
 * job, answers the same each time, and has no effect before its last question.
 *
 * Java strings come wrapped, so everything taken from PaperCut goes through text() or number() before it is compared.
 * Source: PaperCut print script API (papercut-print-scripts 1.1 to 1.7).
 */

/* settings: papercut-relay writes this site's own between the two marks when it publishes */
var SETTINGS = {
  "site": "hq",
  "guard": "blocked",
  "unlinked_group": "UNLINKED_MEMBERS_TO_OFFICERND",
  "blocked_group": "[OfficeRnD Not Allowed]",
  "everyone_group": "[OfficeRnD Members]",
  "individual_group": "[Individual Member]",
  "exceptions": [],
  "confirm_above_micros": 5000000,
  "confirm_pages": 0,
  "colour_question": false,
  "language": "en",
  "on_error": "allow",
  "currency": "EUR",
  "digits": 2,
  "invoiced": "company",
  "live": null
};
/* end of settings */

/* texts: papercut-relay writes those of the site's language between the two marks; some have a form for each number */
var TEXTS = {
  "unlinked": "This account is not linked to OfficeRnD, so it cannot print. Please ask at the front desk.",
  "blocked": "Your membership does not include printing at the moment. Please ask at the front desk.",
  "stranger": "You are not on the list of people who may print here. If you have just joined, please try again in an hour.",
  "error": "The print rules could not be checked, so this job was not printed. Please ask at the front desk.",
  "ask_desk": "Please ask at the front desk.",
  "ask_contact": "Please ask {contact}.",
  "title": "Before this prints",
  "pages": {
    "one": "{pages} page, {price}.",
    "other": "{pages} pages, {price}."
  },
  "pages_free": {
    "one": "{pages} page, free of charge.",
    "other": "{pages} pages, free of charge."
  },
  "balance": "Your balance is {balance}.",
  "allowance": "Paid from your allowance; {after} of it will be left.",
  "part_company": "{covered} is paid from your allowance, and {rest} goes on your company's invoice.",
  "part_member": "{covered} is paid from your allowance, and {rest} goes on your own invoice.",
  "part_nobody": "{covered} is paid from your allowance, and {rest} goes on your print balance, which will be {after}.",
  "whole_company": "{rest} goes on your company's invoice.",
  "whole_member": "{rest} goes on your own invoice.",
  "whole_nobody": "{rest} goes on your print balance, which will be {after}.",
  "to_account": "{price} goes on the account {account}.",
  "document_named": "\u201c{name}\u201d",
  "document_unnamed": "this document",
  "ask": "Print {document}?",
  "cancelled": "Cancelled by the user.",
  "unanswered": "The question about this job was not answered in time, so it was not printed.",
  "colour_ask": {
    "one": "{colour} page is in colour. How would you like to print {document}?",
    "other": "{colour} pages are in colour. How would you like to print {document}?"
  },
  "colour_yes": "In colour",
  "colour_no": "In black and white",
  "login_title": "Who is printing?",
  "login_ask": "Please enter your OfficeRnD login. You will be charged {price}.",
  "login_again": "That login was not accepted. Please try again.",
  "login_name": "E-mail",
  "login_password": "Password or print PIN",
  "login_refused": "Nobody logged in for this job, so it was not printed.",
  "login_no_client": "To print from this computer you must log in through the PaperCut client, which is not running."
};
/* end of texts */

var QUESTION_SECONDS = 120;
var LOGIN_TRIES = 3;
var DOCUMENT_LETTERS = 60;
var UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g; // controls, and marks that turn the direction

/* ---- what PaperCut calls ---- */

function printJobHook(inputs, actions) {
  try {
    checkJob(inputs, actions);
  } catch (error) {
    failed(actions, error);
    if (SETTINGS.on_error === "refuse") {
      actions.job.cancelAndLog(say("error"));
    }
  }
}

/* A device that asks this script lets nobody in whom the printers refuse. */
function deviceLoginHook(inputs, actions) {
  try {
    if (refusal(inputs.user)) {
      actions.login.denyLoginAccess();
    }
  } catch (error) {
    failed(actions, error);
    if (SETTINGS.on_error === "refuse") {
      actions.login.denyLoginAccess();
    }
  }
}

/* Can be bypassed by releasing from the web or a phone: a second door, not the lock. */
function devicePrintReleaseHook(inputs, actions) {
  try {
    var reason = refusal(inputs.user);
    if (reason) {
      actions.heldJob.blockRelease(say(reason));
    }
  } catch (error) {
    failed(actions, error);
    if (SETTINGS.on_error === "refuse") {
      actions.heldJob.blockRelease(say("error"));
    }
  }
}

/* ---- one job, top to bottom ---- */

function checkJob(inputs, actions) {
  if (isLiveUser(inputs.user)) {
    logIn(inputs, actions);
    return;
  }
  var reason = refusal(inputs.user);
  if (reason) {
    refuse(inputs, actions, say(reason));
    return;
  }
  if (!isTrue(inputs.job.isAnalysisComplete)) {
    return; // pages and price are not known yet; PaperCut calls again
  }
  var bill = billOf(inputs);
  var asked = false;
  var grey = false;
  if (canAsk(inputs) && SETTINGS.colour_question && bill.colour > 0 && bill.price > 0) {
    var choice = askColour(actions, bill);
    if (!goOn(actions, choice, [say("colour_yes"), say("colour_no")])) {
      return;
    }
    asked = true;
    grey = choice === say("colour_no");
  } else if (canAsk(inputs) && isDear(bill)) {
    if (!goOn(actions, askPrice(actions, bill), ["PRINT", "OK", "YES"])) {
      return;
    }
    asked = true;
  }
  // No question comes any more: from here on effects are allowed.
  if (grey) {
    actions.job.convertToGrayscale();
  }
  if (!asked && bill.price > 0) {
    tell(inputs, actions, summary(bill));
  }
  markComment(inputs.job, actions);
}

/* Return the name of the text that says why this person must not print, or "". */
function refusal(user) {
  if (SETTINGS.guard === "off" || isException(user)) {
    return "";
  }
  if (isIn(user, SETTINGS.unlinked_group)) {
    return "unlinked";
  }
  if (isIn(user, SETTINGS.blocked_group)) {
    return "blocked";
  }
  return SETTINGS.guard === "members" && !isIn(user, SETTINGS.everyone_group) ? "stranger" : "";
}

function isException(user) {
  for (var i = 0; i < SETTINGS.exceptions.length; i += 1) {
    var entry = SETTINGS.exceptions[i];
    if (entry.indexOf("group:") === 0 ? isIn(user, entry.substring(6)) : isUser(user, entry)) {
      return true;
    }
  }
  return false;
}

function isIn(user, group) {
  return isTrue(user.isInGroup(group));
}

function isUser(user, username) {
  return text(user.username).toLowerCase() === username.toLowerCase();
}

/* ---- price and payer; amounts are PaperCut's doubles, for showing and for the one comparison ---- */

function billOf(inputs) {
  var job = inputs.job;
  var bill = {
    pages: number(job.totalPages),
    colour: number(job.totalColorPages),
    price: number(job.cost),
    balance: number(inputs.user.balance),
    account: text(inputs.user.autoChargeToSharedAccountName),
    document: documentOf(job),
    individual: isIn(inputs.user, SETTINGS.individual_group),
    format: function (amount) {
      return formatted(inputs.utils, amount);
    }
  };
  if (isNaN(bill.price) || isNaN(bill.pages)) {
    throw new Error("PaperCut gave no price or no page count");
  }
  return bill;
}

/* Return a document's name as a question shows it: short, on one line, and read in the order in which it is written. */
function documentOf(job) {
  var name = text(job.documentName).replace(UNSEEN, " ").replace(/^\s+|\s+$/g, "");
  if (name.length > DOCUMENT_LETTERS) {
    name = name.substring(0, DOCUMENT_LETTERS).replace(/[\ud800-\udbff]$/, "") + "\u2026";
  }
  return name ? say("document_named", {name: name}) : say("document_unnamed");
}

function isDear(bill) {
  var above = SETTINGS.confirm_above_micros;
  return (above !== null && Math.round(bill.price * 1000000) > above) ||
    (SETTINGS.confirm_pages > 0 && bill.pages > SETTINGS.confirm_pages);
}

/* Return what a job costs and who pays it, in a sentence or two. */
function summary(bill) {
  if (bill.price <= 0) {
    return say("pages_free", {pages: bill.pages}, bill.pages);
  }
  return say("pages", {pages: bill.pages, price: bill.format(bill.price)}, bill.pages) + " " + payer(bill);
}

/* A shared account has a balance of its own, which a script cannot read. */
function payer(bill) {
  if (bill.account) {
    return say("to_account", {price: bill.format(bill.price), account: bill.account});
  }
  var balance = say("balance", {balance: bill.format(bill.balance)}) + " ";
  var after = bill.balance - bill.price;
  if (Math.round(after * 1000000) >= 0) {
    return balance + say("allowance", {after: bill.format(after)});
  }
  var covered = Math.max(0, bill.balance);
  return balance + say((covered > 0 ? "part_" : "whole_") + invoiced(bill), {
    covered: bill.format(covered),
    rest: bill.format(bill.price - covered),
    after: bill.format(after)
  });
}

function invoiced(bill) {
  return SETTINGS.invoiced === "company" && bill.individual ? "member" : SETTINGS.invoiced;
}

function formatted(utils, amount) {
  if (utils && utils.formatCost) {
    return text(utils.formatCost(amount));
  }
  return amount.toFixed(SETTINGS.digits) + " " + SETTINGS.currency;
}

/* ---- questions ---- */

/* Only a running client can show a question, and the phone or browser that sent a web job has none. */
function canAsk(inputs) {
  var source = text(inputs.job.jobSourceName).toUpperCase();
  return isTrue(inputs.client.isRunning) && !isTrue(inputs.job.isWebPrintJob) && !isTrue(inputs.job.isMobilityPrintJob) &&
    source !== "WEB_PRINT" && source !== "EMAIL_PRINTING" && source !== "GOOGLE_CLOUD_PRINT";
}

function askPrice(actions, bill) {
  return text(actions.client.promptPrintCancel(html([summary(bill), say("ask", {document: bill.document})]), dialog("title", "officernd-price")));
}

function askColour(actions, bill) {
  var options = dialog("title", "officernd-colour");
  options.defaultChoice = say("colour_yes");
  var message = html([summary(bill), say("colour_ask", {colour: bill.colour, document: bill.document}, bill.colour)]);
  return text(actions.client.promptForChoice(message, [say("colour_yes"), say("colour_no")], options));
}

/* `questionID` lets the server match the answer when it runs the script again. */
function dialog(title, question) {
  return {dialogTitle: say(title), timeoutSecs: QUESTION_SECONDS, questionID: question, fastResponse: true};
}

/* Return whether the answer lets the job go on; end the job where it does not. */
function goOn(actions, answer, good) {
  if (good.indexOf(answer) >= 0) {
    return true;
  }
  if (answer === "CANCEL" || answer === "NO") {
    actions.job.cancelAndLog(say("cancelled"));
    return false;
  }
  if (answer === "TIMEOUT") {
    actions.job.cancelAndLog(say("unanswered"));
    return false;
  }
  throw new Error("an unknown answer came from the client"); // not its text: it may be what somebody typed
}

/* ---- effects ---- */

function refuse(inputs, actions, reason) {
  tell(inputs, actions, reason);
  actions.job.cancelAndLog(reason);
}

/* A message that cannot be shown decides nothing: else who must not print would, by `on_error`, once the client is gone. */
function tell(inputs, actions, message) {
  try {
    if (canAsk(inputs)) {
      actions.client.sendMessage(message);
    }
  } catch (error) {
    failed(actions, error);
  }
}

/* Mark the job, so that statements can name it: same job, same mark, however often the script runs. */
function markComment(job, actions) {
  var mark = "[officernd " + SETTINGS.site + " " + fingerprint(job) + "]";
  if (text(job.comment).indexOf(mark) < 0) {
    actions.job.addComment(mark);
  }
}

/* PaperCut gives scripts no job id. FNV-1a over what does not change between two runs, as eight hexadecimal digits. */
function fingerprint(job) {
  var time = job.date && job.date.getTime ? number(job.date.getTime()) : 0;
  var said = [text(job.username), text(job.fullPrinterName || job.printerName), text(job.documentName), time].join("\n");
  var hash = 0x811c9dc5;
  for (var i = 0; i < said.length; i += 1) {
    hash ^= said.charCodeAt(i);
    hash = (hash + (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24)) >>> 0;
  }
  return ("0000000" + hash.toString(16)).slice(-8);
}

/* The log must not be the reason why a job fails; the error's text alone, never what was typed. */
function failed(actions, error) {
  try {
    actions.log.error("papercut-officernd print script: " + String(error && error.message ? error.message : error));
  } catch (ignored) {
    return;
  }
}

/* ---- live mode: jobs of generic accounts, off unless the site has opened the sandbox ---- */

function isLiveUser(user) {
  if (!SETTINGS.live) {
    return false;
  }
  for (var i = 0; i < SETTINGS.live.users.length; i += 1) {
    if (isUser(user, SETTINGS.live.users[i])) {
      return true;
    }
  }
  return false;
}

/* A generic account prints for somebody or not at all: every failure here refuses, whatever `on_error` says. */
function logIn(inputs, actions) {
  try {
    if (!canAsk(inputs)) {
      actions.job.cancelAndLog(say("login_no_client"));
      return;
    }
    if (!isTrue(inputs.job.isAnalysisComplete)) {
      return;
    }
    var username = askLogin(inputs, actions);
    if (username) {
      actions.job.changeUser(username);
      markComment(inputs.job, actions);
    } else {
      actions.job.cancelAndLog(say("login_refused"));
    }
  } catch (error) {
    failed(actions, error);
    actions.job.cancelAndLog(say("login_refused"));
  }
}

/* Return the username of whom the typed login means, or "" when nobody logged in. */
function askLogin(inputs, actions) {
  for (var i = 1; i <= LOGIN_TRIES; i += 1) {
    var price = formatted(inputs.utils, number(inputs.job.cost));
    var form = actions.client.promptForForm(loginForm(i, price), dialog("login_title", "officernd-login-" + i));
    if (!isForm(form)) {
      return "";
    }
    var answer = JSON.parse(jythonCheck(JSON.stringify({name: field(form, "name"), password: field(form, "password")})));
    form = null;
    if (answer.verdict === "accepted") {
      return answer.username;
    }
  }
  return "";
}

function loginForm(attempt, price) {
  return html([
    say(attempt > 1 ? "login_again" : "login_ask", {price: price}),
    new Markup(escaped(say("login_name")) + ": <input type=\"text\" name=\"name\" size=\"30\">"),
    new Markup(escaped(say("login_password")) + ": <input type=\"password\" name=\"password\" size=\"30\">")
  ]);
}

/* CANCEL and TIMEOUT come as text, an answered form as an object; it is not turned into text, for it holds a password. */
function isForm(form) {
  return form !== null && form !== undefined && (form.name !== undefined || typeof form.get === "function");
}

/* The answers come as a script object or as a Java map, depending on the version. */
function field(form, name) {
  var value = form[name];
  return text(value === undefined && form.get ? form.get(name) : value);
}

/*
 * Ask papercut_scripts/print_hook.py, one JSON text each way. The interpreter is made once for the server, under a lock, and
 * used through its function object only: set, exec and get would mix up jobs that come at the same time.
 */
function jythonCheck(question) {
  var slot = liveSlot();
  var Py = slot.get("packages").org.python.core.Py;
  return String(slot.get("check").__call__(Py.java2py(new java.lang.String(question))).__tojava__(java.lang.String));
}

function liveSlot() {
  var properties = java.lang.System.getProperties(); // the one place that outlives a run of this script
  var name = "papercut-officernd.live:" + SETTINGS.live.folder;
  var slot = properties.get(name);
  if (slot !== null) {
    return slot;
  }
  properties.putIfAbsent(name + ":lock", new java.util.concurrent.locks.ReentrantLock());
  var lock = properties.get(name + ":lock");
  lock.lock();
  try {
    slot = properties.get(name);
    if (slot === null) {
      slot = newLiveSlot();
      properties.put(name, slot);
    }
    return slot;
  } finally {
    lock.unlock();
  }
}

function newLiveSlot() {
  var packages = Packages;
  if (SETTINGS.live.jython) { // a class loader of its own, so that nothing is added to the server's class path
    var urls = java.lang.reflect.Array.newInstance(java.net.URL, 1);
    urls[0] = new java.io.File(SETTINGS.live.jython).toURI().toURL();
    packages = new Packages(new java.net.URLClassLoader(urls, java.lang.ClassLoader.getSystemClassLoader().getParent()));
  }
  var interpreter = new packages.org.python.util.PythonInterpreter();
  interpreter.set("folder", new java.lang.String(SETTINGS.live.folder));
  interpreter.set("home", new java.lang.String(SETTINGS.live.home));
  interpreter.exec([
    "import os, sys",
    "package = type(os)('papercut_scripts')",
    "package.__path__ = [folder]",
    "sys.modules['papercut_scripts'] = package",
    "from papercut_scripts import print_hook",
    "check = print_hook.checker(home)"
  ].join("\n"));
  var slot = new java.util.concurrent.ConcurrentHashMap();
  slot.put("packages", packages);
  slot.put("check", interpreter.get("check"));
  return slot;
}

/* ---- texts ---- */

/* Return a text with `values` in its places; `count` chooses the form of a text that has several. */
function say(name, values, count) {
  var said = typeof TEXTS[name] === "string" ? TEXTS[name] : TEXTS[name][form(count)];
  return said.replace(/\{(\w+)\}/g, function (whole, key) {
    return values && values[key] !== undefined ? String(values[key]) : whole;
  });
}

/* Source: Unicode CLDR 46, plural rules for whole numbers; `relay/print_texts` names each language's forms. */
function form(count) {
  if (SETTINGS.language === "pl" && count !== 1) {
    var few = count % 10 >= 2 && count % 10 <= 4 && (count % 100 < 12 || count % 100 > 14);
    return few ? "few" : "many";
  }
  return count === 1 || (SETTINGS.language === "fr" && count === 0) ? "one" : "other";
}

function Markup(value) {
  this.value = value;
}

/* Return lines as one of the client's dialogs, which are plain old HTML; only Markup comes through as it is. */
function html(lines) {
  var pieces = [];
  for (var i = 0; i < lines.length; i += 1) {
    pieces.push(lines[i] instanceof Markup ? lines[i].value : escaped(lines[i]));
  }
  return "<html>" + pieces.join("<br><br>") + "</html>";
}

function escaped(value) {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

function text(value) {
  return value === null || value === undefined ? "" : String(value);
}

function number(value) {
  return value === null || value === undefined ? NaN : Number(value);
}

function isTrue(value) {
  return text(value) === "true";
}
