/*
 * The policy is accepted once a form's box says so.
 */
function printJobHook(inputs, actions) {
  if (inputs.user.getProperty("policy") === "accepted") {
    return;
  }
  var form = actions.client.promptForForm(
    "<html>Do you accept the policy? <input type='radio' name='policy' value='Y'> yes " +
    "<input type='radio' name='policy' value='N' checked> no</html>");
  if (form == "CANCEL" || form == "TIMEOUT" || form.policy != "Y") {
    actions.job.cancelAndLog("Policy not accepted");
    return;
  }
  actions.user.onCompletionSaveProperty("policy", "accepted");
}
