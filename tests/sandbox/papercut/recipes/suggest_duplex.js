/*
 * Single-sided jobs may be turned into duplex ones.
 */
function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete || inputs.job.isDuplex || inputs.job.totalPages < 2) {
    return;
  }
  if (!inputs.client.isRunning) {
    return;
  }
  var html = "<html>This job of <b>" + inputs.job.totalSheets + "</b> sheets is single-sided.<br>Print it double-sided?</html>";
  var answer = actions.client.promptYesNo(html, {
    dialogTitle: "Save paper",
    dialogDesc: "Duplex is cheaper",
    hideJobDetails: true,
    timeoutSecs: 60,
    fastResponse: true,
    questionID: "duplex"
  });
  if (answer == "YES") {
    actions.job.convertToDuplex();
    actions.client.sendMessage("Thank you. You saved " + Math.floor(inputs.job.totalSheets / 2) + " sheets.");
  }
}
