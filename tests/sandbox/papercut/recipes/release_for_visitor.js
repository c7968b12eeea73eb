/*
 * The desk prints for visitors: the job belongs to their account and does not wait.
 */
function printJobHook(inputs, actions) {
  if (inputs.user.username != "reception") {
    return;
  }
  var match = inputs.job.documentName.match(/for:([a-z.]+)/);
  if (match && actions.client.promptOKCancel("Print for " + match[1] + "?", { timeoutSecs: 30 }) == "OK") {
    actions.job.changeUser(match[1]);
    actions.job.bypassReleaseQueue();
  }
}
