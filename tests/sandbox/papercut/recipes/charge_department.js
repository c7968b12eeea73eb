/*
 * Jobs on a department's printers are charged to the department, without the account popup. To be said in the first run.
 */
function printJobHook(inputs, actions) {
  if (inputs.printer.isInGroup("Departments")) {
    var account = "";
    for (var i = 0; i < inputs.printer.groups.length; i++) {
      if (inputs.printer.groups[i].indexOf("Dept ") === 0) {
        account = inputs.printer.groups[i].substring(5);
      }
    }
    if (account) {
      actions.job.chargeToSharedAccount(account);
      return;
    }
  }
  actions.job.chargeToPersonalAccount();
}
