/*
 * Where a job comes from decides what its owner can be asked.
 */
function printJobHook(inputs, actions) {
  var source = inputs.job.jobSourceName;
  var clientRunning = inputs.client.isRunning;
  if (source == "WEB_PRINT" || source == "EMAIL_PRINTING" || inputs.job.isWebPrintJob || inputs.job.isMobilityPrintJob) {
    clientRunning = false;
  }
  if (!inputs.job.isAnalysisComplete) {
    return;
  }
  if (inputs.user.balance < inputs.job.cost) {
    var text = "Balance " + inputs.utils.formatBalance(inputs.user.balance) + " is below " + inputs.utils.formatCost(inputs.job.cost);
    if (clientRunning) {
      actions.client.sendMessage(text);
    } else {
      actions.utils.sendEmail(inputs.user.email, "Not printed", text);
    }
    actions.job.cancelAndLog("LOW_BALANCE from " + inputs.job.clientMachineOrIP + " " + inputs.job.clientIP);
  }
}
