/*
 * Send the job to whichever of several compatible printers is cheapest.
 */
var CANDIDATES = ["print01\\Laser", "print01\\Copy Centre"];

function printJobHook(inputs, actions) {
  if (!inputs.job.isAnalysisComplete) {
    return;
  }
  var best = null, bestCost = inputs.job.cost;
  for (var i = 0; i < CANDIDATES.length; i++) {
    var cost = inputs.job.calculateCostForPrinter(CANDIDATES[i]);
    if (cost < bestCost) {
      best = CANDIDATES[i];
      bestCost = cost;
    }
  }
  if (best === null) {
    actions.log.debug("Already the cheapest: " + inputs.job.printerName);
    return;
  }
  var saving = inputs.utils.formatCost(inputs.job.cost - bestCost);
  if (actions.client.promptOKCancel("Send it to " + best + " and save " + saving + "?") == "OK") {
    actions.job.redirect(best, { allowHoldAtTarget: true, recalculateCost: true });
  }
}
