/*
 * The account is chosen from a list of names.
 */
var ACCOUNTS = ["Accounts", "Design", "Sales"];

function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete) return;
  var chosen = actions.client.promptForChoice("Charge to", ACCOUNTS, { defaultChoice: ACCOUNTS[1], fieldLabel: "Account" });
  if (ACCOUNTS.indexOf(chosen) < 0) {
    actions.job.cancel();
    return;
  }
  actions.job.chargeToSharedAccount("Departments\\" + chosen);
  actions.user.onCompletionSaveProperty("last-account", chosen, { saveWhenCancelled: true });
}
