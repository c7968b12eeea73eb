import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Function;
import org.mozilla.javascript.NativeArray;
import org.mozilla.javascript.RhinoException;
import org.mozilla.javascript.Script;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;
import org.mozilla.javascript.Undefined;
import org.mozilla.javascript.json.JsonParser;

/**
 * Runs print scripts in a real Rhino as PaperCut does: a fresh scope for each run, Java objects as hosts, a sandbox without
 * Java. One JSON request a line in, one answer a line out, several at once; an "id" says which is which.
 *
 * The host objects have the members that the reference names (papercut-print-scripts 1.3 to 1.7, corrections) and no
 * others: a script that uses another one meets undefined here, and a request that sets one is refused. Strings, numbers
 * and booleans are the script's own; with "wrap" they come as Java objects, which is harder than PaperCut is.
 */
public class PrintHost {
  /** What keeps properties: a user, a printer, the server. */
  public static class Keeper {
    final Map<String, String> properties = new HashMap<>();

    public String getProperty(String name) {
      return properties.get(name);
    }

    public Double getNumberProperty(String name) {
      String text = properties.get(name);
      try {
        return text == null ? null : Double.valueOf(text);
      } catch (NumberFormatException error) {
        return null;
      }
    }
  }

  public static class Job {
    public String username, documentName, printerName, fullPrinterName, paperSizeName, clientIP, clientMachineOrIP;
    public String jobSourceName, selectedSharedAccountName;
    public Object date; // a script Date
    public Boolean isAnalysisComplete = false, isWebPrintJob = false, isMobilityPrintJob = false; // come wrapped too
    public boolean isColor, isGrayscale, isDuplex, isCopy;
    public Double cost; // these need analysis: null before it
    public Integer totalPages, totalColorPages, totalGrayscalePages, totalSheets, copies;
    public int spoolSizeKB;
    public double environmentGramsCO2, environmentBulbHours;
    private final Map<String, Double> costs = new HashMap<>(); // by "server\\queue" or "device\\name"

    public double calculateCostForPrinter(String printer) {
      Double there = costs.get(printer);
      if (there == null) throw new IllegalArgumentException("there is no printer " + printer);
      return there;
    }

    public double calculateCostForDevice(String device) {
      return calculateCostForPrinter(device);
    }
  }

  public static class HeldJob {
    public String documentName, selectedSharedAccountName;
    public Integer totalPages, copies;
    public boolean isDuplex, isSimplex;
    public Object date;
  }

  public static class User extends Keeper {
    public String username, fullName, email, defaultSharedAccountName, autoChargeToSharedAccountName;
    public double balance;
    private final List<String> groups = new ArrayList<>();
    private String breaks = "";

    public Boolean isInGroup(String group) {
      if (group.equals(breaks)) throw new IllegalStateException("the group look-up failed");
      return groups.contains(group);
    }
  }

  public static class Printer extends Keeper {
    public String printerName;
    public Object groups; // a script array
    private final List<String> groupNames = new ArrayList<>();

    public Boolean isInGroup(String group) {
      return groupNames.contains(group);
    }
  }

  public static class Device {
    public String deviceName;
  }

  public static class Client {
    public Boolean isRunning = false;
  }

  public static class Utils extends Keeper {
    public String formatCost(double amount) {
      return String.format(java.util.Locale.ROOT, "€%.2f", amount);
    }

    public String formatBalance(double amount) {
      return formatCost(amount);
    }

    public String formatNumber(double number, int decimals) {
      return String.format(java.util.Locale.ROOT, "%." + decimals + "f", number);
    }
  }

  public static class Inputs {
    public Job job;
    public HeldJob heldJob;
    public User user;
    public Printer printer;
    public Device device;
    public Client client;
    public Utils utils = new Utils();
  }

  /** What a script did, in order: [["job", "addComment", "text"], ...]. */
  public static class Calls {
    final List<Object> made = new ArrayList<>();

    void add(Object... call) {
      List<Object> entry = new ArrayList<>();
      for (Object part : call) entry.add(plain(part));
      made.add(entry);
    }
  }

  public static class JobActions {
    private final Calls calls;
    JobActions(Calls calls) { this.calls = calls; }
    public void cancel() { calls.add("job", "cancel"); }
    public void cancelAndLog(String reason) { calls.add("job", "cancelAndLog", reason); }
    public void addComment(String text) { calls.add("job", "addComment", text); }
    public void setCost(double cost) {
      if (cost < 0) throw new IllegalArgumentException("negative cost");
      calls.add("job", "setCost", cost);
    }
    public void chargeToPersonalAccount() { calls.add("job", "chargeToPersonalAccount"); }
    public void chargeToSharedAccount(String name) { calls.add("job", "chargeToSharedAccount", name); }
    public void changeUser(String username) { calls.add("job", "changeUser", username); }
    public void changeDocumentName(String name) { calls.add("job", "changeDocumentName", name); }
    public void bypassReleaseQueue() { calls.add("job", "bypassReleaseQueue"); }
    public void convertToGrayscale() { calls.add("job", "convertToGrayscale"); }
    public void convertToDuplex() { calls.add("job", "convertToDuplex"); }
    public void disableArchiving() { calls.add("job", "disableArchiving"); }
    public void setWatermark(String text) { calls.add("job", "setWatermark", text); }
    public void setHoldReleaseTimeout(int minutes) { calls.add("job", "setHoldReleaseTimeout", minutes); }
    public void changePersonalAccountChargePriority(Object names) {
      calls.add("job", "changePersonalAccountChargePriority", names);
    }
    public void redirect(String printer) { calls.add("job", "redirect", printer); }
    public void redirect(String printer, Object options) { calls.add("job", "redirect", printer, options); }
  }

  /** What is written when the job is done: properties of a user, a printer, the server. */
  public static class KeeperActions {
    final Calls calls;
    final String whose;

    KeeperActions(Calls calls, String whose) {
      this.calls = calls;
      this.whose = whose;
    }

    public void onCompletionSaveProperty(String name, String value) {
      calls.add(whose, "onCompletionSaveProperty", name, value);
    }
    public void onCompletionSaveProperty(String name, String value, Object options) {
      calls.add(whose, "onCompletionSaveProperty", name, value, options);
    }
    public void onCompletionIncrementNumberProperty(String name, double by) {
      calls.add(whose, "onCompletionIncrementNumberProperty", name, by);
    }
    public void onCompletionIncrementNumberProperty(String name, double by, Object options) {
      calls.add(whose, "onCompletionIncrementNumberProperty", name, by, options);
    }
  }

  public static class UtilsActions extends KeeperActions {
    UtilsActions(Calls calls) { super(calls, "utils"); }
    public void sendEmail(String to, String subject, String body) { calls.add("utils", "sendEmail", to, subject, body); }
  }

  public static class ClientActions {
    private final Calls calls;
    private final Map<?, ?> answers;
    private final boolean running, formsAreMaps;

    ClientActions(Calls calls, Map<?, ?> answers, boolean running, boolean formsAreMaps) {
      this.calls = calls;
      this.answers = answers;
      this.running = running;
      this.formsAreMaps = formsAreMaps;
    }

    public void sendMessage(String text) { calls.add("client", "sendMessage", text); }
    public Object promptOK(String message) { return promptOK(message, null); }
    public Object promptOK(String message, Object options) { return ask("promptOK", message, null, options); }
    public Object promptOKCancel(String message) { return promptOKCancel(message, null); }
    public Object promptOKCancel(String message, Object options) { return ask("promptOKCancel", message, null, options); }
    public Object promptYesNo(String message) { return promptYesNo(message, null); }
    public Object promptYesNo(String message, Object options) { return ask("promptYesNo", message, null, options); }
    public Object promptYesNoCancel(String message) { return promptYesNoCancel(message, null); }
    public Object promptYesNoCancel(String message, Object options) { return ask("promptYesNoCancel", message, null, options); }
    public Object promptPrintCancel(String message) { return promptPrintCancel(message, null); }
    public Object promptPrintCancel(String message, Object options) { return ask("promptPrintCancel", message, null, options); }
    public Object promptForText(String message) { return promptForText(message, null); }
    public Object promptForText(String message, Object options) { return ask("promptForText", message, null, options); }
    public Object promptForChoice(String message, Object choices) { return promptForChoice(message, choices, null); }
    public Object promptForChoice(String message, Object choices, Object options) {
      return ask("promptForChoice", message, choices, options);
    }
    public Object promptForForm(String html) { return promptForForm(html, null); }
    public Object promptForForm(String html, Object options) { return ask("promptForForm", html, null, options); }

    private Object ask(String prompt, String message, Object choices, Object options) {
      calls.add("client", prompt, message, choices, options);
      if (!running) return "TIMEOUT";
      Object id = options instanceof Scriptable ? ScriptableObject.getProperty((Scriptable) options, "questionID") : null;
      Object answer = answers.containsKey(String.valueOf(id)) ? answers.get(String.valueOf(id)) : answers.get(prompt);
      if (answer == null) return "TIMEOUT";
      if (answer instanceof Map && formsAreMaps) return new HashMap<Object, Object>((Map<?, ?>) answer);
      return answer instanceof CharSequence ? answer.toString() : answer;
    }
  }

  public static class LoginActions {
    private final Calls calls;
    LoginActions(Calls calls) { this.calls = calls; }
    public void denyLoginAccess() { calls.add("login", "denyLoginAccess"); }
    public void denyColorCopyAccess() { calls.add("login", "denyColorCopyAccess"); }
  }

  public static class HeldJobActions {
    private final Calls calls;
    HeldJobActions(Calls calls) { this.calls = calls; }
    public void blockRelease(String text) { calls.add("heldJob", "blockRelease", text); }
  }

  public static class Log {
    private final Calls calls;
    Log(Calls calls) { this.calls = calls; }
    public void debug(String text) { calls.add("log", "debug", text); }
    public void info(String text) { calls.add("log", "info", text); }
    public void warning(String text) { calls.add("log", "warning", text); }
    public void error(String text) { calls.add("log", "error", text); }
  }

  public static class Actions {
    public final JobActions job;
    public final ClientActions client;
    public final LoginActions login;
    public final HeldJobActions heldJob;
    public final KeeperActions user, printer;
    public final UtilsActions utils;
    public final Log log;

    Actions(Calls calls, ClientActions client) {
      this.client = client;
      job = new JobActions(calls);
      login = new LoginActions(calls);
      heldJob = new HeldJobActions(calls);
      user = new KeeperActions(calls, "user");
      printer = new KeeperActions(calls, "printer");
      utils = new UtilsActions(calls);
      log = new Log(calls);
    }
  }

  private static final Map<String, Script> COMPILED = new ConcurrentHashMap<>();

  public static void main(String[] arguments) throws Exception {
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, true, "UTF-8");
    ExecutorService pool = Executors.newFixedThreadPool(20);
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String request = line;
      pool.execute(() -> {
        String answer = json(answer(request));
        synchronized (answers) {
          answers.println(answer);
        }
      });
    }
    pool.shutdownNow();
    System.exit(0);
  }

  private static Map<String, Object> answer(String line) {
    Map<String, Object> said = new LinkedHashMap<>();
    Calls calls = new Calls();
    Context context = Context.enter();
    try {
      Map<?, ?> request = (Map<?, ?>) new JsonParser(context, context.initStandardObjects()).parseValue(line);
      said.put("id", request.get("id"));
      context.setOptimizationLevel(-1);
      context.setLanguageVersion(Context.VERSION_1_8);
      context.getWrapFactory().setJavaPrimitiveWrap(Boolean.TRUE.equals(request.get("wrap")));
      boolean sandbox = !Boolean.FALSE.equals(request.get("sandbox"));
      if (sandbox) context.setClassShutter(PrintHost::isVisible);
      long started = System.nanoTime();
      run(context, request, calls, sandbox);
      said.put("us", (System.nanoTime() - started) / 1000);
    } catch (RhinoException error) {
      said.put("error", error.getMessage());
    } catch (Exception error) {
      said.put("error", error.toString());
    } finally {
      Context.exit();
    }
    said.put("calls", calls.made);
    return said;
  }

  private static boolean isVisible(String name) {
    return name.startsWith("PrintHost$") || name.equals("java.lang.String") || name.equals("java.lang.Boolean")
        || name.equals("java.lang.Integer") || name.equals("java.lang.Double") || name.equals("java.util.HashMap");
  }

  private static void run(Context context, Map<?, ?> request, Calls calls, boolean sandbox) throws Exception {
    ScriptableObject scope = sandbox ? context.initSafeStandardObjects() : context.initStandardObjects();
    compiled(context, request.get("script").toString()).exec(context, scope);
    Inputs inputs = new Inputs();
    for (Map.Entry<?, ?> part : ((Map<?, ?>) request.get("inputs")).entrySet()) {
      java.lang.reflect.Field field = Inputs.class.getField(part.getKey().toString());
      Object target = field.getType().getDeclaredConstructor().newInstance();
      fill(context, scope, target, (Map<?, ?>) part.getValue());
      field.set(inputs, target);
    }
    boolean running = inputs.client != null && inputs.client.isRunning;
    Map<?, ?> answers = request.get("answers") instanceof Map ? (Map<?, ?>) request.get("answers") : new HashMap<>();
    boolean maps = Boolean.TRUE.equals(request.get("formsAreMaps"));
    Actions actions = new Actions(calls, new ClientActions(calls, answers, running, maps));
    Object hook = scope.get(request.get("hook").toString(), scope);
    if (!(hook instanceof Function)) throw new IllegalStateException("the script has no " + request.get("hook"));
    Object[] given = {Context.javaToJS(inputs, scope), Context.javaToJS(actions, scope)};
    ((Function) hook).call(context, scope, scope, given);
  }

  private static Script compiled(Context context, String path) throws Exception {
    String key = path + " " + Files.getLastModifiedTime(Path.of(path));
    Script script = COMPILED.get(key);
    if (script == null) {
      script = context.compileString(Files.readString(Path.of(path)), path, 1, null);
      COMPILED.put(key, script);
    }
    return script;
  }

  private static void fill(Context context, Scriptable scope, Object target, Map<?, ?> values) throws Exception {
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      String name = entry.getKey().toString();
      Object value = entry.getValue();
      if (target instanceof User && name.equals("groups")) {
        for (Object group : (List<?>) value) ((User) target).groups.add(group.toString());
      } else if (target instanceof Printer && name.equals("groups")) {
        for (Object group : (List<?>) value) ((Printer) target).groupNames.add(group.toString());
        ((Printer) target).groups = context.newArray(scope, ((Printer) target).groupNames.toArray());
      } else if (target instanceof Keeper && name.equals("properties")) {
        ((Map<?, ?>) value).forEach((key, text) -> ((Keeper) target).properties.put(key.toString(), text.toString()));
      } else if (target instanceof Job && name.equals("costs")) {
        ((Map<?, ?>) value).forEach((key, cost) -> ((Job) target).costs.put(key.toString(), ((Number) cost).doubleValue()));
      } else if (target instanceof User && name.equals("breaks")) {
        ((User) target).breaks = value.toString();
      } else {
        java.lang.reflect.Field field = target.getClass().getField(name);
        field.set(target, fitting(context, scope, field, value));
      }
    }
  }

  private static Object fitting(Context context, Scriptable scope, java.lang.reflect.Field field, Object value) {
    if (value == null) return null;
    Class<?> type = field.getType();
    if (field.getName().equals("date")) return context.newObject(scope, "Date", new Object[] {value});
    if (type == String.class) return value.toString();
    if (type == int.class || type == Integer.class) return ((Number) value).intValue();
    if (type == double.class || type == Double.class) return ((Number) value).doubleValue();
    return value;
  }

  private static Object plain(Object value) {
    if (value instanceof CharSequence) return value.toString();
    if (value instanceof NativeArray) return new ArrayList<Object>((List<?>) value);
    if (value instanceof Map) return new LinkedHashMap<Object, Object>((Map<?, ?>) value);
    return value instanceof Undefined ? null : value;
  }

  private static String json(Object value) {
    if (value == null || value instanceof Undefined) return "null";
    if (value instanceof Boolean) return value.toString();
    if (value instanceof Number) {
      double number = ((Number) value).doubleValue();
      return number == Math.rint(number) ? Long.toString((long) number) : value.toString();
    }
    StringBuilder out = new StringBuilder();
    if (value instanceof Map) {
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        out.append(out.length() == 0 ? "{" : ", ").append(json(entry.getKey().toString())).append(": ");
        out.append(json(entry.getValue()));
      }
      return out.length() == 0 ? "{}" : out + "}";
    }
    if (value instanceof List) {
      for (Object item : (List<?>) value) out.append(out.length() == 0 ? "[" : ", ").append(json(item));
      return out.length() == 0 ? "[]" : out + "]";
    }
    out.append('"');
    for (char letter : value.toString().toCharArray()) {
      if (letter == '"' || letter == '\\') out.append('\\').append(letter);
      else if (letter < 32 || letter > 126) out.append(String.format("\\u%04x", (int) letter));
      else out.append(letter);
    }
    return out.append('"').toString();
  }
}
