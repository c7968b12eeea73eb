/*
 * A project code of four digits goes into the comment.
 */
function printJobHook(inputs, actions) {
  if (!inputs.client.isRunning) {
    return;
  }
  var code = actions.client.promptForText("Project code?", {
    fieldLabel: "Code:",
    defaultText: "0000",
    questionID: "code"
  });
  if (code == "CANCEL" || code == "TIMEOUT") {
    actions.job.cancel();
  } else if (!code.match(/^\d{4}$/)) {
    actions.client.promptOK("A code has four digits.", { dialogTitle: "Project code" });
    actions.job.cancel();
  } else {
    actions.job.addComment("Project " + code);
  }
}
