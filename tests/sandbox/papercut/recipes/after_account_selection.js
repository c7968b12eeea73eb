/*
 * Runs when the account is chosen: personal printing is for those without an account.
 */
function printJobAfterAccountSelectionHook(inputs, actions) {
  var account = inputs.job.selectedSharedAccountName;
  if (account) {
    actions.job.addComment("Account " + account);
    return;
  }
  if (inputs.user.autoChargeToSharedAccountName || inputs.user.defaultSharedAccountName) {
    actions.client.sendMessage("Please choose " + (inputs.user.defaultSharedAccountName || inputs.user.autoChargeToSharedAccountName));
    actions.job.cancel();
    return;
  }
  actions.job.changePersonalAccountChargePriority(["Allowance", "Cash"]);
}
