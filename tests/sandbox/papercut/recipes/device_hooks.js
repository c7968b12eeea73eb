/*
 * At the devices: who may copy, in colour too, what is released, and what a copy would cost elsewhere.
 */
function deviceLoginHook(inputs, actions) {
  if (inputs.user.isInGroup("Visitors")) {
    actions.login.denyLoginAccess();
  } else if (!inputs.user.isInGroup("Colour") && inputs.device.deviceName !== "Design MFD") {
    actions.login.denyColorCopyAccess();
  }
}

function devicePrintReleaseHook(inputs, actions) {
  var job = inputs.heldJob;
  if (job.totalPages * job.copies > 100 && job.isSimplex && !job.isDuplex) {
    actions.heldJob.blockRelease(job.documentName + " of " + job.date.getFullYear() + ": long jobs are double-sided. " +
      (job.selectedSharedAccountName || "personal"));
  }
}

function deviceJobLogHook(inputs, actions) {
  if (inputs.job.isCopy) {
    var there = inputs.job.calculateCostForDevice("device\\Copy Centre");
    actions.log.error("copied on " + inputs.device.deviceName + " for " + inputs.utils.formatCost(inputs.job.cost) +
      ", there " + inputs.utils.formatCost(there));
  }
}
