
"use strict"
const report = JSON.parse(document.getElementById("report").textContent)
const shares = JSON.parse(document.getElementById("shares").textContent)
const app = document.getElementById("app")

const WORDS = {
  en: {
    simulated: "Simulated vendors", simulated_long: "Made from simulated vendors: the numbers show how the report works and say nothing of the real ones.",
    runs: "{0} runs", sessions: "{0} sessions", one_session_chip: "1 session", scenes: "{0} scenes", profiles: "{0} profiles",
    unread: "{0} lines of the log could not be read.", theme: "Theme", auto: "auto", light: "light", dark: "dark",
    blind: "Vote blind", summary: "Summary", videos: "Videos", timeline: "Timeline", measures: "Measures", likeness: "Likeness",
    sent: "What was sent", refusals: "Refusals and failures", delivered: "What was delivered", cost: "Cost", hours: "Time of day", about: "How it was made",
    summary_lead: "All scenes together, warm-ups apart. Ranges are {0} % bootstrap intervals of the median.",
    time_to_file: "Time to file, median", delivered_of: "delivered", face: "face distance", per_second: "per usable s",
    unpriced: "unpriced", n: "n = {0}", not_same: "not sent the same", problems: "{0} not as asked", refused_n: "{0} refused", failed_n: "{0} failed",
    timed_out_n: "{0} timed out", unfinished_n: "{0} unfinished", lacks: "no {0}", ranking: "What may be said", noticed: "What stands out", only_others_have: "no {0}, which others' files have", 
    fastest: "Fastest: {0}", closest: "Closest to the face: {0}", ranked: "Order by median: {0}",
    too_few: "Too few runs to rank: at least {0} are needed.", too_few_who: "Too few runs to rank: {0}", one_session: "Not ranked: one session says nothing of other hours.",
    nothing_to_compare: "Nothing to compare.", not_comparable: "Not ranked: nothing was sent the same.", apart: "Apart, as not sent the same: {0}",
    downloaded: "Time to file", finished: "Time to video", accepted: "Time to accepted", queued: "In the queue", generating: "Generating",
    requests: "Requests", received: "Received", likeness_median: "Face distance", likeness_worst: "Face distance, worst", faceless_share: "Frames without face",
    first_frame_ssim: "First frame, SSIM", black_share: "Black", frozen_share: "Frozen", duration_s: "Duration", width: "Width", height: "Height",
    frame_rate: "Frame rate", bit_rate: "Bit rate", loudness_db: "Loudness", file_size: "File size", profile: "Profile", share: "Delivered",
    videos_lead: "One control plays all of a scene's videos in step. Click a video to hear it.", round: "Run", session_run: "Session {0}, run {1}", warm_up: "warm-up",
    play: "Play", pause: "Pause", back: "One frame back", forward: "One frame on", speed: "Speed", seek: "Position", no_video: "no video", sound: "Sound",
    refused: "refused", failed: "failed", timed_out: "timed out", unfinished: "unfinished",
    timeline_lead: "Each run from asking to the file. Grey is the vendor's queue. Refusals, failures and timeouts are red.", downloading: "Downloading", queue_or_work: "Queue or work", failing: "Until it failed",
    measures_lead: "Median, interval and sample size of each measure. Click a heading to sort.", compare: "Compare in pairs", pair: "Pair", verdict: "Verdict", difference: "Difference", excluded: "What can be excluded",
    too_few_pair: "too few to rank", inside_the_noise: "inside the noise", is_lower: "{0} is lower", not_comparable_pair: "not comparable: {0}",
    not_above: "{0} is not above {1} by more than {2}", not_slower: "{0} is not slower than {1} by more than {2}", is_faster: "{0} is faster", minus: "{0} − {1}", to: "{0} to {1}",
    likeness_lead: "The distance of the face in each sampled frame to the registered picture: lower is closer. A gap is a frame without a face.", no_likeness: "No likeness was measured. pip install 'portraitkit[likeness]' brings a scorer that works offline.",
    at_second: "second", sent_lead: "Two profiles stand on one row only if what was sent means the same. Lines that not every profile was sent are marked.", no_marks: "Nothing was adapted, dropped or exceeded: what was sent means the same at every profile.",
    kind: "What", field: "Field", asked: "Asked", was_sent: "Sent or made", why: "Why", in_runs: "Runs", adapted: "adapted", dropped: "dropped", finding: "beyond a documented limit", model: "another model", resolution: "another resolution", picture: "another picture",
    refusals_lead: "The same faces and prompts at each profile, warm-ups included. None of these is left out of a count.", no_refusals: "Nothing was refused, nothing failed.", none: "–", code: "Code", next_step: "Next step",
    delivered_lead: "Read from the files, against what was asked; and what the files say of their origin. A mark says what only other profiles' files tell; it is no verdict.", not_as_asked: "Not as asked", origin: "Origin", files: "{0} of {1} files", only_others: "only others' files tell this", in_n: "in {0} runs",
    cost_lead: "In the vendor's own currency and unit. Warm-ups, refusals and failures are paid in. One unpriced run leaves a sum unknown.", estimated: "Estimated", reported: "Reported", reconciled: "Reconciled", usable: "Usable", plus_unpriced: "+ {0} unpriced", by: "by {0}", reported_runs: "Reported is what the vendor itself said, often in tokens. Reconciled is that in money, by your own price where it is tokens, or else the estimate.",
    hours_lead: "Median time to the file by the hour in which the run was asked for, in UTC.", hour: "Hour", registered: "Registering a portrait", warm_up_time: "Warm-up, time to file",
    rebuild: "Rebuild this report from its log", plan: "The plan", last_event: "Last event", opened: "Opened", how_to_read: "How to read it",
    read_1: "An interval that holds zero is no difference; a difference inside the noise is called so.", read_2: "Medians of times are of runs that delivered. A vendor that fails often looks fast among those: read the share that was delivered beside it.", read_3: "Many comparisons find something by chance: one in twenty intervals misses.", read_4: "A run that was sent something else is not compared, and says why.",
    stop: "Leave", blind_lead: "Vendors are hidden and shuffled. Which one is best?", vote: "{0} is best", tie: "No difference", of: "{0} of {1}", done: "All voted", show_result: "Show the result", export: "Export votes", import: "Read votes back", forget: "Vote anew",
    preference: "Preference", chosen: "Chosen", interval: "{0} % interval", preferred: "preferred", avoided: "chosen less than by chance", result_lead: "Votes: {0}, people: {1}. By chance, each would be chosen in {2} of its rounds.", bad_votes: "This file holds no votes on this comparison.", votes_read: "{0} votes read.", early: "Stop and show the result", no_votes: "No round has two videos to choose from.", previous: "Back",
    registrations: "Registrations of the portraits, and the picture that was sent", portrait: "Portrait", picture_sha: "SHA-256", state: "Status", not_registered: "{0} not registered", nav_sent: "Sent", nav_refusals: "Refusals", nav_delivered: "Delivery", nav_about: "About", went_on: "Bars that reach the right edge went on, up to {0}.",
    replayed: "Replayed from cassettes: times are those of the replay.", stored: "Stored copy", stored_same: "the same file", stored_other: "another file: {0}", not_given_back: "not given back", not_reported: "{0} not reported",
    open_blind: "Vote scene by scene without knowing who made what", no_interval: "–",
  },
  zh: {
    simulated: "模拟供应商", simulated_long: "本报告由模拟供应商生成：数字只演示报告的样子，与真实供应商无关。",
    runs: "{0} 次运行", sessions: "{0} 场", one_session_chip: "1 场", scenes: "{0} 个场景", profiles: "{0} 个配置",
    unread: "日志中有 {0} 行无法读取。", theme: "主题", auto: "自动", light: "浅色", dark: "深色",
    blind: "盲评", summary: "概览", videos: "视频", timeline: "时间线", measures: "指标", likeness: "相似度",
    sent: "发送内容", refusals: "拒绝与失败", delivered: "交付内容", cost: "费用", hours: "时段", about: "如何生成",
    summary_lead: "所有场景合计，预热另列。范围为中位数的 {0}% 自助法区间。",
    time_to_file: "拿到文件的时间，中位数", delivered_of: "已交付", face: "人脸距离", per_second: "每可用秒",
    unpriced: "无价格", n: "n = {0}", not_same: "发送内容不同", problems: "{0} 个与要求不符", refused_n: "{0} 次拒绝", failed_n: "{0} 次失败",
    timed_out_n: "{0} 次超时", unfinished_n: "{0} 次未完成", lacks: "无 {0}", ranking: "可以得出的结论", noticed: "值得注意", only_others_have: "没有 {0}，而其他配置的文件有", 
    fastest: "最快：{0}", closest: "最像本人：{0}", ranked: "按中位数排序：{0}",
    too_few: "次数太少，不排名：至少需要 {0} 次。", too_few_who: "次数太少，不排名：{0}", one_session: "不排名：单独一场不能代表其他时段。",
    nothing_to_compare: "没有可比较的内容。", not_comparable: "不排名：发送内容各不相同。", apart: "发送内容不同，另列：{0}",
    downloaded: "拿到文件", finished: "视频完成", accepted: "受理", queued: "排队", generating: "生成",
    requests: "请求数", received: "接收量", likeness_median: "人脸距离", likeness_worst: "人脸距离（最差）", faceless_share: "无人脸帧",
    first_frame_ssim: "首帧 SSIM", black_share: "黑帧", frozen_share: "静止帧", duration_s: "时长", width: "宽", height: "高",
    frame_rate: "帧率", bit_rate: "码率", loudness_db: "响度", file_size: "文件大小", profile: "配置", share: "已交付",
    videos_lead: "一个控制条让同一场景的所有视频同步播放。点击某个视频可听其声音。", round: "运行", session_run: "第 {0} 场，第 {1} 次", warm_up: "预热",
    play: "播放", pause: "暂停", back: "后退一帧", forward: "前进一帧", speed: "速度", seek: "位置", no_video: "没有视频", sound: "声音",
    refused: "拒绝", failed: "失败", timed_out: "超时", unfinished: "未完成",
    timeline_lead: "每次运行从提交到拿到文件。灰色为供应商排队时间；拒绝、失败和超时为红色。", downloading: "下载", queue_or_work: "排队或生成", failing: "直到失败",
    measures_lead: "每项指标的中位数、区间和样本数。点击表头排序。", compare: "两两比较", pair: "比较", verdict: "结论", difference: "差值", excluded: "可以排除的情况",
    too_few_pair: "次数太少", inside_the_noise: "在噪声之内", is_lower: "{0} 更低", not_comparable_pair: "不可比较：{0}",
    not_above: "{0} 高于 {1} 不超过 {2}", not_slower: "{0} 慢于 {1} 不超过 {2}", is_faster: "{0} 更快", minus: "{0} − {1}", to: "{0} 至 {1}",
    likeness_lead: "每个抽样帧中的人脸与注册照片的距离：越低越像。断开处为没有人脸的帧。", no_likeness: "未测量相似度。pip install 'portraitkit[likeness]' 可安装离线评分器。",
    at_second: "秒", sent_lead: "只有发送内容含义相同的配置才能并列比较。并非所有配置都收到的行已标出。", no_marks: "没有改动、丢弃或超限：各配置收到的内容含义相同。",
    kind: "类型", field: "字段", asked: "要求", was_sent: "实际", why: "原因", in_runs: "次数", adapted: "已改动", dropped: "已丢弃", finding: "超出文档限制", model: "模型不同", resolution: "分辨率不同", picture: "照片不同",
    refusals_lead: "同样的人脸和提示词在各配置的结果，含预热。任何一次都计入统计。", no_refusals: "没有拒绝，没有失败。", none: "–", code: "代码", next_step: "下一步",
    delivered_lead: "从文件中读出，与要求对照；以及文件对自身来源的说明。标记只说明其他配置的文件有而这里没有，不是结论。", not_as_asked: "与要求不符", origin: "来源", files: "{1} 个文件中 {0} 个", only_others: "只有其他配置的文件有", in_n: "{0} 次",
    cost_lead: "按供应商自己的币种和单位。预热、拒绝和失败都计入。只要有一次无价格，总和即为未知。", estimated: "预估", reported: "供应商报告", reconciled: "核定", usable: "可用", plus_unpriced: "+ {0} 次无价格", by: "按 {0}", reported_runs: "“供应商报告”按其原有单位（常为 token）。核定值为供应商报告的金额，或按您的价格折算的 token，没有报告时为预估。",
    hours_lead: "按提交时刻（UTC 小时）统计拿到文件的中位时间。", hour: "小时", registered: "注册人像", warm_up_time: "预热，拿到文件",
    rebuild: "从日志重建本报告", plan: "计划", last_event: "最后事件", opened: "开始", how_to_read: "如何解读",
    read_1: "区间包含零即没有差异；在噪声之内的差异会如实说明。", read_2: "时间中位数只统计已交付的运行。经常失败的供应商会显得更快：请同时看交付比例。", read_3: "比较很多项时总会碰巧发现差异：二十个区间中约有一个会错。", read_4: "发送内容不同的运行不参与比较，并说明原因。",
    stop: "离开", blind_lead: "供应商已隐藏并打乱。哪一个最好？", vote: "{0} 最好", tie: "没有差别", of: "{0} / {1}", done: "全部投完", show_result: "显示结果", export: "导出投票", import: "读回投票", forget: "重新投票",
    preference: "偏好", chosen: "选中", interval: "{0}% 区间", preferred: "更受偏好", avoided: "低于随机水平", result_lead: "{1} 人共 {0} 票。随机情况下，每个会在 {2} 的轮次中被选中。", bad_votes: "此文件不含本次比较的投票。", votes_read: "已读入 {0} 票。", early: "停止并显示结果", no_votes: "没有哪一轮有两个视频可选。", previous: "上一轮",
    registrations: "人像注册，以及所发送的照片", portrait: "人像", picture_sha: "SHA-256", state: "状态", not_registered: "{0} 次注册失败", nav_sent: "发送", nav_refusals: "拒绝", nav_delivered: "交付", nav_about: "说明", went_on: "到达右边缘的条形实际更长，最长 {0}。",
    replayed: "由录制的应答回放：时间是回放的时间。", stored: "供应商存储的副本", stored_same: "同一文件", stored_other: "另一文件：{0}", not_given_back: "未返回", not_reported: "{0} 次未报告",
    open_blind: "在不知道供应商的情况下逐场景投票", no_interval: "–",
  },
}

const kept = {
  get(name) { try { return localStorage.getItem(`portraitkit ${name}`) } catch { return null } },
  set(name, value) { try { localStorage.setItem(`portraitkit ${name}`, value) } catch { /* not kept */ } },
}
const state = {
  lang: kept.get("lang") || (navigator.language.startsWith("zh") ? "zh" : "en"),
  theme: kept.get("theme") || "auto",
  scene: 0, sort: null, measure: "downloaded", round: 0,
}
const charts = []
const profiles = report.profiles.map(each => each.profile)

function t(key, ...values) {
  return (WORDS[state.lang][key] ?? WORDS.en[key] ?? key).replace(/\{(\d)\}/g, (_, i) => values[i] ?? "")
}

// Text goes in as text, and attributes by name: nothing of the report is ever read as markup.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (name === "color") node.style.color = value
    else if (name in node && typeof value === "boolean") node[name] = value
    else node.setAttribute(name, value)
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false))
  return node
}
const variable = profile => `--p${Math.max(0, profiles.indexOf(profile)) % 8}`
const color = profile => `var(${variable(profile)})`
const dot = profile => el("span", { class: "dot", color: color(profile), "aria-hidden": "true" })
const named = profile => [dot(profile), " ", profile]
const chip = (text, kind = "") => el("span", { class: `chip ${kind}` }, text)
const digits = (value, most = 3) => value.toLocaleString(state.lang, { maximumSignificantDigits: most })

function shown(name, value, most = 3) {
  if (value === null || value === undefined) return t("none")
  const unit = report.measures.find(each => each.name === name)?.unit ?? ""
  if (unit === "%") return `${digits(value * 100, most)} %`
  if (unit === "B" && Math.abs(value) >= 1e6) return `${digits(value / 1e6, most)} MB`
  if (unit === "B" && Math.abs(value) >= 1e3) return `${digits(value / 1e3, most)} kB`
  if (unit === "bit/s") return `${digits(value / 1e6, most)} Mbit/s`
  if (unit === "px") return `${value} px`
  return unit ? `${digits(value, most)} ${unit}` : digits(value, most)
}
const interval = (name, sample) => sample.low === null ? "" : t("to", shown(name, sample.low), shown(name, sample.high))
const spread = (name, sample) => [interval(name, sample), t("n", sample.n)].filter(Boolean).join(" · ")
const ranged = (name, sample) => `${shown(name, sample.median)} (${spread(name, sample)})`
const money = told => !told ? t("unpriced") : told.currency ? `${told.amount} ${told.currency}${told.unit ? ` ${t("by", told.unit)}` : ""}` : `${digits(Number(told.amount), 9)} ${told.unit}`
const briefly = told => told ? `${digits(Number(told.amount))} ${told.currency || told.unit}` : t("unpriced")

function painted(variable) {
  const probe = el("span", { color: `var(${variable})` })
  app.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

function chart(height, label, config) {
  const canvas = el("canvas", { role: "img", "aria-label": label })
  const box = el("div", { class: "chart" }, canvas)
  box.style.height = `${height}px`
  charts.push(() => new Chart(canvas, config()))
  return box
}

function axis(title, more = {}) {
  const line = painted("--line")
  return { grid: { color: line }, border: { color: line }, title: { display: Boolean(title), text: title }, ...more }
}

// --- the page ------------------------------------------------------------------------------------

const drawn = []
function render() {
  drawn.splice(0).forEach(each => each.destroy())
  charts.length = 0
  document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en"
  document.documentElement.style.colorScheme = state.theme === "auto" ? "light dark" : state.theme
  player?.stop()
  player = null
  app.replaceChildren(location.hash === "#blind" ? blindPage() : wholePage())
  Chart.defaults.color = painted("--quiet")
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily
  Chart.defaults.animation = false
  Chart.defaults.maintainAspectRatio = false
  drawn.push(...charts.map(draw => draw()))
}

const SECTIONS = [
  ["summary", summary], ["videos", videos], ["timeline", timeline], ["measures", measures], ["likeness", likeness],
  ["sent", sent], ["refusals", refusals], ["delivered", delivered], ["cost", cost], ["hours", hours], ["about", about],
]

function wholePage() {
  const links = SECTIONS.map(([name]) => el("a", { href: `#${name}` }, WORDS[state.lang][`nav_${name}`] ?? t(name)))
  return el("div", { class: "page" }, heading(), el("nav", { "aria-label": t("summary") }, links),
    el("main", {}, SECTIONS.map(([name, build]) =>
      el("section", { id: name, "aria-labelledby": `h-${name}` }, el("h2", { id: `h-${name}` }, t(name)), build()))))
}

function controls() {
  const languages = [["en", "English"], ["zh", "中文"]].map(([lang, name]) =>
    el("button", { lang, "aria-pressed": String(state.lang === lang), onclick: () => choose("lang", lang) }, name))
  const themes = ["auto", "light", "dark"].map(theme => el("option", { value: theme, selected: state.theme === theme }, t(theme)))
  return el("div", { class: "row controls" }, languages,
    el("select", { "aria-label": t("theme"), onchange: event => choose("theme", event.target.value) }, themes))
}

function choose(name, value) {
  state[name] = value
  if (name === "lang" || name === "theme") kept.set(name, value)
  const at = scrollY
  render()
  scrollTo({ top: at, behavior: "instant" })
}

function heading() {
  const day = report.opened_at.slice(0, 10)
  return el("header", { class: "top" },
    el("div", { class: "title" },
      el("h1", {}, report.name || "portraitkit"),
      el("p", { class: "row gap small" },
        report.simulated && chip(t("simulated"), "warn"), chip(t("profiles", profiles.length)), chip(t("scenes", report.scenes.length)),
        chip(t("runs", report.runs.length)), chip(report.sessions === 1 ? t("one_session_chip") : t("sessions", report.sessions)), chip(day)),
      report.simulated && el("p", { class: "notice small" }, t("simulated_long")),
      report.replayed && el("p", { class: "notice small" }, t("replayed")),
      report.unread_lines > 0 && el("p", { class: "notice small" }, t("unread", report.unread_lines))),
    el("div", { class: "row controls" }, controls(),
      el("a", { class: "button primary", href: "#blind", title: t("open_blind") }, t("blind"))))
}

// --- summary -------------------------------------------------------------------------------------

function summary() {
  return [
    el("p", { class: "lead" }, t("summary_lead", report.confidence * 100)),
    el("div", { class: "cards" }, report.profiles.map(summaryCard)),
    el("div", { class: "two" },
      el("div", { class: "card" }, el("h3", {}, t("ranking")), el("ul", { class: "verdicts small" }, allVerdicts()), noticed()),
      el("div", { class: "card" }, ["downloaded", "likeness_median"].map(intervals))),
  ]
}

function summaryCard(told) {
  const time = told.measures.downloaded, face = told.measures.likeness_median, counts = told.counts
  const marked = report.scenes.some(scene => scene.rows.find(row => row.profile === told.profile)?.marks.length)
  return el("article", { class: "card" },
    el("p", { class: "name" }, named(told.profile)),
    told.vendor && told.vendor !== told.profile && el("p", { class: "small quiet" }, told.vendor),
    el("p", { class: "small quiet label" }, t("time_to_file")),
    el("p", { class: "big" }, time ? shown("downloaded", time.median) : t("none")),
    el("p", { class: "small quiet" }, time ? spread("downloaded", time) : t("n", 0)),
    el("dl", { class: "facts" },
      el("dt", {}, t("delivered_of")), el("dd", {}, t("of", counts.delivered, counts.asked)),
      el("dt", {}, t("face")), el("dd", {}, face ? shown("likeness_median", face.median) : t("none")),
      el("dt", {}, t("per_second")), el("dd", {}, briefly(told.cost.per_usable_s.reconciled))),
    el("p", { class: "chips" },
      marked && chip(t("not_same"), "warn"),
      counts.refused > 0 && chip(t("refused_n", counts.refused), "bad"), counts.failed > 0 && chip(t("failed_n", counts.failed), "bad"),
      counts.timed_out > 0 && chip(t("timed_out_n", counts.timed_out), "bad"), counts.unfinished > 0 && chip(t("unfinished_n", counts.unfinished), "warn"),
      counts.with_problems > 0 && chip(t("problems", counts.with_problems), "warn"),
      told.not_registered > 0 && chip(t("not_registered", told.not_registered), "bad"),
      told.origin.filter(each => each.lacks).map(each => chip(t("lacks", each.key), "warn"))))
}

// What is refused everywhere for the same reason is said once.
function allVerdicts() {
  const reasons = [...new Set(report.scenes.flatMap(each => each.rankings.map(ranking => ranking.refused)))]
  return reasons.length === 1 && reasons[0] ? el("li", {}, t(reasons[0], report.least_runs)) : report.scenes.flatMap(verdicts)
}

function verdicts(scene) {
  return scene.rankings.filter(each => each.refused !== "nothing_to_compare" || each.measure === "downloaded").map(each => {
    const best = each.measure === "downloaded" ? "fastest" : "closest"
    const told = each.refused ? [t(each.refused, report.least_runs)] : [t("ranked", each.order.join(" · "))]
    if (each.apart.length) told.push(t("apart", each.apart.join(", ")))
    if (each.too_few.length && each.refused !== "too_few") told.push(t("too_few_who", each.too_few.join(", ")))
    return el("li", {}, el("div", { class: "quiet" }, `${scene.name} · ${t(each.measure)}`),
      each.leaders.length > 0 && el("div", {}, el("strong", {}, t(best, each.leaders.join(", "))), " ", each.leaders.length > 1 && chip(t("inside_the_noise"))),
      told.map(line => el("div", { class: each.refused ? "" : "quiet" }, line)))
  })
}

// What went wrong or was not the same, each thing once.
function noticed() {
  const told = report.profiles.flatMap(({ profile, origin }) => {
    const rows = report.scenes.map(each => each.rows.find(row => row.profile === profile)).filter(Boolean), counted = new Map()
    rows.flatMap(row => row.problems).forEach(each => counted.set(each.problem, (counted.get(each.problem) ?? 0) + each.runs))
    return [
      ...new Set(rows.flatMap(row => row.marks).map(mark => `${t(mark.kind)}: ${mark.field}${mark.sent ? ` ${mark.asked} → ${mark.sent}` : ""}`)),
      ...report.scenes.flatMap(each => each.failures.filter(failure => failure.profile === profile)
        .map(failure => `${each.name}: ${failure.runs.length} × ${t(failure.outcome)} (${failure.code || failure.class})`)),
      ...[...counted].map(([problem, runs]) => `${problem} (${t("in_n", runs)})`),
      ...origin.filter(each => each.lacks).map(each => t("only_others_have", each.key)),
    ].map(line => el("li", {}, named(profile), el("span", { class: "quiet" }, ` · ${line}`)))
  })
  return told.length > 0 && [el("h3", { class: "gap" }, t("noticed")), el("ul", { class: "verdicts small" }, told)]
}

function intervals(name) {
  const rows = report.profiles.filter(each => each.measures[name])
  if (!rows.length) return null
  const sample = rows.map(each => each.measures[name])
  const bar = { grouped: false, borderSkipped: false, minBarLength: 3 }
  return [el("h3", {}, t(name)), chart(56 + rows.length * 34, t(name), () => ({
    type: "bar",
    data: {
      labels: rows.map(each => clipped(each.profile)),
      datasets: [
        { ...bar, data: sample.map(each => [each.median, each.median]), backgroundColor: painted("--text"), barThickness: 22 },
        { ...bar, data: sample.map(each => [each.low ?? each.median, each.high ?? each.median]), backgroundColor: rows.map(each => painted(variable(each.profile))), barThickness: 12, borderRadius: 4 },
      ],
    },
    options: {
      indexAxis: "y",
      plugins: { legend: { display: false }, tooltip: { filter: item => item.datasetIndex === 1, callbacks: { title: items => rows[items[0].dataIndex].profile, label: item => ranged(name, sample[item.dataIndex]) } } },
      scales: { x: axis(report.measures.find(each => each.name === name).unit, { beginAtZero: true }), y: axis("", { grid: { display: false } }) },
    },
  }))]
}
const clipped = text => text.length > 18 ? `${text.slice(0, 17)}…` : text

// --- videos --------------------------------------------------------------------------------------

function sceneTabs() {
  if (report.scenes.length < 2) return null
  return el("div", { class: "tabs", role: "group" }, report.scenes.map((scene, i) =>
    el("button", { "aria-pressed": String(i === state.scene), onclick: () => { state.round = 0; choose("scene", i) } }, scene.name)))
}
const scene = () => report.scenes[state.scene] ?? { name: "", rows: [], differences: [], rankings: [], failures: [] }
const promptOf = scene => scene.prompt ? el("blockquote", { class: "prompt" }, scene.prompt) : null

// A round is what all profiles made in the same session with the same number.
function roundsOf(name) {
  const rounds = new Map()
  for (const run of report.runs.filter(each => each.scene === name)) {
    const key = JSON.stringify([run.session, run.number])
    if (!rounds.has(key)) rounds.set(key, { key, session: run.session, number: run.number, warm_up: run.warm_up, runs: [] })
    rounds.get(key).runs.push(run)
  }
  return [...rounds.values()].sort((a, b) => a.warm_up - b.warm_up || a.session - b.session || a.number - b.number)
}

let player = null
function videos() {
  const rounds = roundsOf(scene().name), round = rounds[state.round] ?? rounds[0]
  if (!round) return [sceneTabs(), el("p", { class: "quiet" }, t("no_video"))]
  const options = rounds.map((each, i) => el("option", { value: i, selected: each === round },
    t("session_run", each.session ?? "–", each.number ?? "–") + (each.warm_up ? ` (${t("warm_up")})` : "")))
  const runs = profiles.map(profile => round.runs.find(run => run.profile === profile)).filter(Boolean)
  const tiles = runs.map(run => tile(run, el("figcaption", {}, el("span", {}, named(run.profile)),
    el("span", { class: "quiet small" }, run.measures.downloaded !== undefined ? shown("downloaded", run.measures.downloaded) : t(run.outcome)))))
  return [
    el("p", { class: "lead" }, t("videos_lead")), sceneTabs(), promptOf(scene()),
    el("p", { class: "row gap" }, el("label", {}, t("round"), " ", el("select", { id: "round", onchange: event => choose("round", Number(event.target.value)) }, options))),
    el("div", { class: "gap" }, el("div", { class: "videos" }, tiles), playerFor(tiles, runs)),
  ]
}

function tile(run, caption) {
  const file = run.file && run.file.split("/").map(encodeURIComponent).join("/")
  const video = file && el("video", { src: file, preload: "auto", playsinline: "", muted: true, tabindex: "0", "aria-label": t("sound") })
  if (video) video.muted = true
  const words = run.error.vendor_message || run.error.message || ""
  return el("figure", { class: "tile" },
    video || el("div", { class: "none" }, el("strong", {}, t(run.outcome)), el("span", {}, run.error.code || run.error.class || ""), el("span", { class: "small" }, words)), caption)
}

// Plays several videos as one: the longest leads, the others are set to its time when they drift.
function playerFor(tiles, runs) {
  const all = tiles.map(each => each.querySelector("video")).filter(Boolean)
  const rate = Math.max(...runs.map(run => run.measures.frame_rate ?? 0)) || 24
  const seek = el("input", { type: "range", min: 0, max: 1, step: "any", value: 0, "aria-label": t("seek") })
  const time = el("output", {}, "0.00 s")
  const toggle = el("button", { class: "primary", title: `${t("play")} (space)` }, t("play"))
  const length = () => Math.max(0, ...all.map(each => each.duration || 0))
  const lead = () => all.reduce((a, b) => (b.duration || 0) > (a.duration || 0) ? b : a, all[0])
  let timer = null
  function show() {
    const at = lead()?.currentTime ?? 0
    seek.max = length() || 1
    seek.value = at
    time.textContent = `${at.toFixed(2)} / ${length().toFixed(2)} s`
  }
  function set(at) {
    const to = Math.min(Math.max(0, at), length())
    all.forEach(each => { each.currentTime = Math.min(to, Math.max(0, (each.duration || 0) - .001)) })
    time.textContent = `${to.toFixed(2)} / ${length().toFixed(2)} s`
    seek.value = to
  }
  function follow() {
    const first = lead()
    all.filter(each => each !== first && !each.ended && Math.abs(each.currentTime - first.currentTime) > 1.5 / rate && first.currentTime < each.duration)
      .forEach(each => { each.currentTime = first.currentTime })
    show()
    if (first.ended) pause()
  }
  function play() {
    if (!all.length) return
    if (lead().ended || lead().currentTime >= length() - .01) set(0)
    const at = lead().currentTime
    all.forEach(each => { if (at < each.duration) { each.currentTime = at; each.play().catch(() => {}) } })
    toggle.textContent = t("pause")
    timer ??= setInterval(follow, 100)
  }
  function pause() {
    all.forEach(each => each.pause())
    clearInterval(timer)
    timer = null
    toggle.textContent = t("play")
  }
  // In the middle of a frame, so that rounding shows neither neighbour.
  function step(by) {
    pause()
    set((Math.floor(lead().currentTime * rate + .01) + by + .5) / rate)
  }
  const press = () => timer === null ? play() : (pause(), set(lead().currentTime))
  toggle.addEventListener("click", press)
  seek.addEventListener("input", () => { pause(); set(Number(seek.value)) })
  all.forEach(each => {
    each.addEventListener("loadedmetadata", show)
    each.addEventListener("click", () => all.forEach(other => { other.muted = other !== each || !each.muted }))
  })
  player = { press, step, stop: pause, has: all.length > 0 }
  const speeds = [.25, .5, 1, 2].map(each => el("option", { value: each, selected: each === 1 }, `${each}×`))
  return all.length ? el("div", { class: "player", role: "group", "aria-label": t("videos") },
    toggle,
    el("button", { title: `${t("back")} (,)`, "aria-label": t("back"), onclick: () => step(-1) }, "‹"),
    el("button", { title: `${t("forward")} (.)`, "aria-label": t("forward"), onclick: () => step(1) }, "›"),
    seek, time,
    el("select", { class: "wide", "aria-label": t("speed"), onchange: event => all.forEach(each => { each.playbackRate = Number(event.target.value) }) }, speeds)) : null
}

addEventListener("keydown", event => {
  const busy = /^(INPUT|SELECT|TEXTAREA|BUTTON|A|SUMMARY)$/.test(event.target.tagName)
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === "Enter" && event.target.tagName === "VIDEO") event.target.click()
  if (!busy && player?.has && event.key === " ") { event.preventDefault(); player.press() }
  if (event.target.tagName !== "SELECT" && player?.has && (event.key === "," || event.key === ".")) player.step(event.key === "." ? 1 : -1)
  if (location.hash === "#blind" && event.target.tagName !== "INPUT" && /^[0-9]$/.test(event.key)) document.querySelector(`[data-key="${event.key}"]`)?.click()
})

// --- timeline ------------------------------------------------------------------------------------

function timeline() {
  const order = (a, b) => profiles.indexOf(a.profile) - profiles.indexOf(b.profile) || a.session - b.session || a.number - b.number
  const runs = report.runs.filter(run => run.scene === scene().name).sort(order)
  const between = (a, b) => Math.max(0, (b ?? 0) - (a ?? 0))
  const parts = run => {
    const told = run.measures
    if (run.outcome !== "delivered" && run.failed_s !== null) return { failing: run.failed_s }
    const accepted = told.accepted ?? 0
    const work = told.queued === undefined ? { queue_or_work: between(accepted, told.finished) } : { queued: told.queued, generating: told.generating }
    return { accepted, ...work, downloading: between(told.finished, told.downloaded) }
  }
  const rows = runs.map(parts)
  const most = of => Math.max(0, ...runs.filter(of).map(run => run.measures.downloaded ?? run.failed_s ?? 0))
  const longest = most(() => true), right = 1.2 * most(run => run.outcome === "delivered") || longest
  const kinds = [["accepted", "--p5"], ["queued", "--queued"], ["generating", "--p0"], ["queue_or_work", "--p4"], ["downloading", "--p2"], ["failing", "--bad"]]
    .filter(([kind]) => rows.some(row => row[kind] !== undefined))
  const name = run => `${clipped(run.profile)} ${run.session ?? ""}.${run.number ?? ""}${run.warm_up ? ` ${t("warm_up")}` : ""}`
  return [el("p", { class: "lead" }, t("timeline_lead"), " ", longest > right && t("went_on", shown("downloaded", longest))), sceneTabs(),
    el("div", { class: "card" }, chart(70 + runs.length * 19, t("timeline"), () => ({
      type: "bar",
      data: {
        labels: runs.map(name),
        datasets: kinds.map(([kind, variable]) => ({
          label: t(kind), data: rows.map(row => row[kind] ?? null), barThickness: 11,
          backgroundColor: painted(variable),
        })),
      },
      options: {
        indexAxis: "y", interaction: { mode: "index", axis: "y" },
        plugins: { legend: { position: "top", align: "start", labels: { boxWidth: 12, boxHeight: 12 } }, tooltip: { filter: item => item.raw !== null, callbacks: { label: item => `${item.dataset.label}: ${shown("downloaded", item.raw)}` } } },
        scales: { x: axis("s", { stacked: true, max: longest > right ? Math.ceil(right / 10) * 10 : undefined }), y: axis("", { stacked: true, grid: { display: false }, ticks: { autoSkip: false, font: { size: 11 } } }) },
      },
    })))]
}

// --- measures ------------------------------------------------------------------------------------

function measures() {
  const rows = scene().rows.filter(row => row.counts.asked), names = report.measures.map(each => each.name).filter(name => rows.some(row => row.measures[name]))
  const columns = ["share", ...names]
  const value = (row, name) => name === "share" ? row.counts.delivered / (row.counts.asked || 1) : row.measures[name]?.median
  const body = el("tbody")
  const heads = columns.map(name => el("th", { class: "number", scope: "col" }, el("button", { "data-sort": name, onclick: () => sort(name) }, t(name))))
  function sort(name) {
    const down = state.sort?.name === name && !state.sort.down
    state.sort = { name, down }
    fill()
  }
  function fill() {
    const sorted = [...rows]
    if (state.sort) sorted.sort((a, b) => {
      const [x, y] = [value(a, state.sort.name), value(b, state.sort.name)]
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined)  // what was not measured comes last
      return state.sort.down ? y - x : x - y
    })
    heads.forEach((head, i) => {
      if (columns[i] === state.sort?.name) head.setAttribute("aria-sort", state.sort.down ? "descending" : "ascending")
      else head.removeAttribute("aria-sort")
      head.firstChild.textContent = t(columns[i]) + (columns[i] === state.sort?.name ? (state.sort.down ? " ↓" : " ↑") : "")
    })
    body.replaceChildren(...sorted.map(row => el("tr", {},
      el("th", { class: "sticky", scope: "row" }, named(row.profile), row.marks.length > 0 && el("div", {}, el("a", { href: "#sent" }, chip(t("not_same"), "warn")))),
      columns.map(name => cell(row, name)))))
  }
  function cell(row, name) {
    if (name === "share") {
      const share = row.counts.share
      return el("td", { class: "number" }, t("of", row.counts.delivered, row.counts.asked), el("span", { class: "spread-of" }, share.low === null ? "" : t("to", `${digits(share.low * 100, 2)} %`, `${digits(share.high * 100, 2)} %`)))
    }
    const sample = row.measures[name]
    if (!sample) return el("td", { class: "number quiet" }, t("none"))
    return el("td", { class: "number" }, shown(name, sample.median), el("span", { class: "spread-of" }, spread(name, sample)))
  }
  fill()
  return [el("p", { class: "lead" }, t("measures_lead")), sceneTabs(),
    el("div", { class: "scroll", tabindex: "0" }, el("table", { id: "table" }, el("thead", {}, el("tr", {}, el("th", { class: "sticky", scope: "col" }, t("profile")), heads)), body)),
    pairs()]
}

function pairs() {
  const known = [...new Set(scene().differences.map(each => each.measure))]
  if (!known.length) return null
  const name = known.includes(state.measure) ? state.measure : known[0]
  const told = scene().differences.filter(each => each.measure === name)
  const [lower, above] = report.measures.find(each => each.name === name).unit === "s" ? ["is_faster", "not_slower"] : ["is_lower", "not_above"]
  const verdict = each => ({
    too_few: t("too_few_pair"), inside_the_noise: t("inside_the_noise"), a_is_lower: t(lower, each.a), b_is_lower: t(lower, each.b),
    not_comparable: t("not_comparable_pair", (each.fields ?? []).join(", ")),
  })[each.verdict]
  const kind = each => ({ a_is_lower: "good", b_is_lower: "good", not_comparable: "warn" })[each.verdict] ?? ""
  const excluded = each => typeof each.low !== "number" ? [] : [
    each.high >= 0 && el("div", {}, t(above, each.b, each.a, shown(name, each.high))), each.low <= 0 && el("div", {}, t(above, each.a, each.b, shown(name, -each.low)))]
  return [el("h3", { class: "gap row" }, t("compare"), " ", el("select", { "aria-label": t("measures"), onchange: event => choose("measure", event.target.value) },
    known.map(each => el("option", { value: each, selected: each === name }, t(each))))),
  el("div", { class: "scroll gap", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, ["pair", "verdict", "difference", "excluded"].map(head => el("th", { scope: "col" }, t(head))))),
    el("tbody", {}, told.map(each => el("tr", {},
      el("th", { class: "pair", scope: "row" }, t("minus", each.b, each.a)), el("td", {}, chip(verdict(each), kind(each))),
      el("td", {}, each.difference === undefined ? t("none") : [shown(name, each.difference), el("span", { class: "spread-of" }, typeof each.low === "number" ? t("to", shown(name, each.low), shown(name, each.high)) : t("n", `${each.n_b}, ${each.n_a}`))]),
      el("td", { class: "small" }, excluded(each)))))))]
}

// --- likeness ------------------------------------------------------------------------------------

function likeness() {
  const runs = report.runs.filter(run => run.scene === scene().name && run.likeness.length && !run.warm_up)
  const lead = [el("p", { class: "lead" }, t("likeness_lead")), sceneTabs()]
  if (!runs.length) return [...lead, el("p", { class: "card" }, t("no_likeness"))]
  const scales = [...new Set(runs.map(run => run.scale).filter(Boolean))]
  const legend = profiles.filter(profile => runs.some(run => run.profile === profile))
  return [...lead, el("div", { class: "card" },
    el("p", { class: "row small" }, legend.map(profile => el("span", { class: "chip" }, named(profile)))),
    chart(340, t("likeness"), () => ({
      type: "line",
      data: {
        datasets: runs.map(run => ({
          label: `${run.profile} ${run.session ?? ""}.${run.number ?? ""}`, data: run.likeness.map(([x, y]) => ({ x, y })),
          borderColor: painted(variable(run.profile)), backgroundColor: painted(variable(run.profile)), borderWidth: 1.5, pointRadius: 2, tension: .2, spanGaps: false,
        })),
      },
      options: { plugins: { legend: { display: false } }, scales: { x: axis(t("at_second"), { type: "linear" }), y: axis(t("face"), { beginAtZero: true }) } },
    })),
    scales.map(scale => el("p", { class: "small quiet" }, scale)))]
}

// --- what was sent -------------------------------------------------------------------------------

function sent() {
  const isWide = matchMedia("(min-width: 40rem)").matches
  const rows = scene().rows, marks = rows.flatMap(row => row.marks.map(mark => ({ ...mark, profile: row.profile })))
  const bodies = rows.flatMap(row => row.sent.map(each => ({ ...each, profile: row.profile })))
  const lines = bodies.map(each => JSON.stringify(each.body, null, 2).split("\n"))
  const inAll = line => lines.every(each => each.some(other => bare(other) === bare(line)))
  const heads = ["profile", "kind", "field", "asked", "was_sent", "why", "in_runs"]
  return [el("p", { class: "lead" }, t("sent_lead")), sceneTabs(),
    marks.length ? el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map(head => el("th", { scope: "col" }, t(head))))),
      el("tbody", {}, marks.map(mark => el("tr", {}, el("th", { scope: "row" }, named(mark.profile)), el("td", {}, chip(t(mark.kind), "warn")), el("td", {}, el("code", {}, mark.field)),
        el("td", {}, el("code", {}, mark.asked || t("none"))), el("td", {}, el("code", {}, mark.sent || t("none"))), el("td", {}, mark.why), el("td", {}, mark.runs || t("none"))))))) : el("p", { class: "card" }, t("no_marks")),
    registrations(),
    el("div", { class: "sent" }, bodies.map((each, i) => el("details", { class: "card", open: isWide && i < 6 }, el("summary", {}, named(each.profile), el("span", { class: "quiet small" }, ` · ${each.model ?? ""} · ${t("runs", each.runs.length)}`)),
      el("pre", {}, lines[i].map(line => [line.slice(0, -line.trimStart().length), inAll(line) ? line.trimStart() : el("mark", {}, line.trimStart()), "\n"])))))]
}

function registrations() {
  if (!report.registrations.length) return null
  const heads = ["profile", "portrait", "registered", "picture_sha", "stored", "state"]
  const words = each => each.error ? [chip(t("failed"), "bad"), " ", el("code", {}, each.error.code || each.error.class || ""), " ", each.error.message || ""] : each.status
  return el("details", { class: "gap", open: report.registrations.some(each => each.error) }, el("summary", {}, t("registrations")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map(head => el("th", { scope: "col" }, t(head))))),
      el("tbody", {}, report.registrations.map(each => el("tr", {}, el("th", { scope: "row" }, named(each.profile)), el("td", {}, [each.portrait, each.look].filter(Boolean).join(" · ")),
        el("td", {}, shown("downloaded", each.seconds)), el("td", {}, el("code", {}, (each.sha256 || "").slice(0, 12) || t("none"))), el("td", {}, storedCopy(each.stored)), el("td", {}, words(each))))))))
}
function storedCopy(copy) {
  if (!copy) return el("span", { class: "quiet" }, t("not_given_back"))
  if (copy.same) return t("stored_same")
  const size = copy.width ? `${copy.width} × ${copy.height}, ` : ""
  return chip(t("stored_other", size + shown("file_size", copy.bytes)), "warn")
}
const bare = line => line.trim().replace(/,$/, "")

// --- refusals ------------------------------------------------------------------------------------

function refusals() {
  const any = report.scenes.some(each => each.failures.length)
  if (!any) return el("p", { class: "card" }, t("no_refusals"))
  const told = (name, profile) => report.scenes.find(each => each.name === name).failures.filter(each => each.profile === profile)
  return [el("p", { class: "lead" }, t("refusals_lead")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { class: "sticky", scope: "col" }, ""), profiles.map(profile => el("th", { scope: "col" }, named(profile))))),
      el("tbody", {}, report.scenes.map(each => el("tr", {}, el("th", { class: "sticky", scope: "row" }, each.name), profiles.map(profile =>
        el("td", {}, told(each.name, profile).length ? told(each.name, profile).map(failure => el("div", {}, chip(`${failure.runs.length} × ${t(failure.outcome)}`, "bad"), " ", el("code", {}, failure.code || failure.class))) : el("span", { class: "quiet" }, t("none"))))))))),
    el("div", { class: "two gap" }, report.scenes.flatMap(each => each.failures.map(failure => el("article", { class: "card small" },
      el("p", {}, named(failure.profile), ` · ${each.name} · ${t(failure.outcome)} · `, el("code", {}, [failure.class, failure.code, failure.status].filter(Boolean).join(" "))),
      el("p", { class: "words" }, failure.vendor_message || failure.message), failure.next_step && el("p", { class: "quiet" }, `${t("next_step")}: ${failure.next_step}`),
      el("p", { class: "quiet" }, failure.runs.join(", "))))))]
}

// --- what was delivered --------------------------------------------------------------------------

function delivered() {
  const keys = [...new Set(report.profiles.flatMap(each => each.origin.map(origin => origin.key)))]
  const problems = profile => report.scenes.flatMap(each => (each.rows.find(row => row.profile === profile)?.problems ?? []).map(found => ({ ...found, scene: each.name })))
  return [el("p", { class: "lead" }, t("delivered_lead")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { class: "sticky", scope: "col" }, t("profile")), el("th", { scope: "col" }, t("not_as_asked")), keys.map(key => el("th", { scope: "col" }, key)))),
      el("tbody", {}, report.profiles.map(each => el("tr", {}, el("th", { class: "sticky", scope: "row" }, named(each.profile)),
        el("td", {}, problems(each.profile).map(found => el("div", {}, found.problem, " ", el("span", { class: "quiet small" }, `${found.scene}, ${t("in_n", found.runs)}`))), problems(each.profile).length === 0 && t("none")),
        keys.map(key => originCell(each.origin.find(origin => origin.key === key))))))))]
}

function originCell(origin) {
  if (!origin || !origin.of) return el("td", { class: "quiet" }, t("none"))
  const few = origin.values.slice(0, 3), rest = origin.values.length - few.length
  return el("td", {}, origin.lacks ? chip(t("only_others"), "warn") : few.join(", ") + (rest > 0 ? `, + ${rest}` : ""),
    el("span", { class: "spread-of" }, t("files", origin.files, origin.of)))
}

// --- cost ----------------------------------------------------------------------------------------

function cost() {
  const sum = (told, which) => [told.known.map(each => el("div", {}, money(each))), told.unpriced > 0 && which === "reported" ? el("div", { class: "quiet" }, t("not_reported", told.unpriced)) : told.unpriced > 0 && el("div", {}, chip(told.known.length ? t("plus_unpriced", told.unpriced) : `${told.unpriced} ${t("unpriced")}`, "warn"))]
  const numbers = ["estimated", "reported", "reconciled"]
  return [el("p", { class: "lead" }, t("cost_lead"), " ", t("reported_runs")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { class: "sticky", scope: "col" }, t("profile")), numbers.map(each => el("th", { scope: "col" }, t(each))), el("th", { scope: "col" }, t("usable")), el("th", { scope: "col" }, t("per_second")))),
      el("tbody", {}, report.profiles.map(each => el("tr", {}, el("th", { class: "sticky", scope: "row" }, named(each.profile)), numbers.map(which => el("td", {}, sum(each.cost.sums[which], which))),
        el("td", {}, shown("duration_s", each.cost.usable_s)), el("td", {}, money(each.cost.per_usable_s.reconciled)))))))]
}

// --- hours, warm-ups, environment ----------------------------------------------------------------

function hours() {
  const known = [...new Set(report.hours.map(each => each.hour))]
  const at = (hour, profile) => report.hours.find(each => each.hour === hour && each.profile === profile)?.downloaded
  const stacked = sample => sample ? [shown("downloaded", sample.median), el("span", { class: "spread-of" }, spread("downloaded", sample))] : t("none")
  return [el("p", { class: "lead" }, t("hours_lead")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { class: "sticky", scope: "col" }, t("hour")), profiles.map(profile => el("th", { scope: "col" }, named(profile))))),
      el("tbody", {}, known.map(hour => el("tr", {}, el("th", { class: "sticky", scope: "row" }, `${String(hour).padStart(2, "0")}:00`), profiles.map(profile => el("td", {}, stacked(at(hour, profile))))),
      ), el("tr", {}, el("th", { class: "sticky", scope: "row" }, t("warm_up_time")), report.profiles.map(each => el("td", {}, stacked(each.warm_up.measures.downloaded)))),
      el("tr", {}, el("th", { class: "sticky", scope: "row" }, t("registered")), report.profiles.map(each => el("td", {}, stacked(each.registered), each.not_registered > 0 && chip(t("failed_n", each.not_registered), "bad")))))))]
}

function about() {
  const rows = [...Object.entries(report.environment), [t("opened"), report.opened_at], [t("last_event"), report.last_at]]
  return [el("div", { class: "two gap" },
    el("div", { class: "card" }, el("dl", { class: "facts" }, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, typeof value === "string" ? value : JSON.stringify(value))])),
      el("p", { class: "gap small" }, t("rebuild"), ":"), el("pre", {}, "portraitkit compare report FOLDER")),
    el("div", { class: "card" }, el("h3", {}, t("how_to_read")), el("ul", { class: "verdicts small" }, [1, 2, 3, 4].map(i => el("li", {}, t(`read_${i}`)))))),
  el("details", { class: "card gap" }, el("summary", {}, t("plan")), el("pre", {}, JSON.stringify(report.plan, null, 2)))]
}

// --- blind votes ---------------------------------------------------------------------------------

const FORMAT = "portraitkit votes"
const comparison = `${report.name} ${report.opened_at}`
const fresh = () => ({ format: FORMAT, version: 1, comparison, voter: crypto.getRandomValues(new Uint32Array(2)).join("-"), votes: [] })
const blindState = { mine: readVotes(kept.get(`votes ${comparison}`)) ?? fresh(), others: [], result: false, at: null, message: "" }
const blindRounds = report.scenes.flatMap(each => roundsOf(each.name).filter(round => !round.warm_up).map(round => ({
  scene: each, key: JSON.stringify([each.name, round.session, round.number]), runs: round.runs.filter(run => run.outcome === "delivered" && run.file),
}))).filter(round => round.runs.length > 1)
const shuffled = new Map()

function readVotes(text) {
  try {
    const told = JSON.parse(text)
    const isVote = vote => typeof vote.round === "string" && Array.isArray(vote.shown) && vote.shown.every(run => typeof run === "string") && (vote.best === null || vote.shown.includes(vote.best))
    return told.format === FORMAT && told.comparison === comparison && typeof told.voter === "string" && told.votes.every(isVote) ? told : null
  } catch { return null }
}

function orderOf(round) {
  if (!shuffled.has(round.key)) {
    const runs = [...round.runs]
    for (let i = runs.length - 1; i > 0; i--) {
      const j = crypto.getRandomValues(new Uint32Array(1))[0] % (i + 1);
      [runs[i], runs[j]] = [runs[j], runs[i]]
    }
    shuffled.set(round.key, runs)
  }
  return shuffled.get(round.key)
}

function vote(round, best) {
  const shown = orderOf(round).map(run => run.run)
  blindState.mine.votes = [...blindState.mine.votes.filter(each => each.round !== round.key), { round: round.key, shown, best: best?.run ?? null }]
  kept.set(`votes ${comparison}`, JSON.stringify(blindState.mine))
  blindState.at = null
  render()
  scrollTo(0, 0)
}

function blindPage() {
  const voted = new Set(blindState.mine.votes.map(each => each.round))
  const next = blindRounds.findIndex(round => !voted.has(round.key))
  const at = blindState.at ?? next
  const body = !blindRounds.length ? el("p", { class: "card" }, t("no_votes")) : blindState.result ? blindResult() : at < 0 ? blindDone() : blindRound(at, voted.size)
  return el("div", { class: "page blind" },
    el("header", { class: "top" }, el("h1", {}, t("blind")), el("div", { class: "row" }, controls(), el("a", { class: "button", href: "#summary" }, t("stop")))), body,
    blindState.message && el("p", { class: "notice", role: "status" }, blindState.message))
}

function blindRound(at, voted) {
  const round = blindRounds[at], runs = orderOf(round), letter = i => String.fromCharCode(65 + i)
  const tiles = runs.map((run, i) => tile(run, el("figcaption", {}, el("strong", {}, letter(i)))))
  return el("main", {}, el("progress", { max: blindRounds.length, value: voted }), el("p", { class: "row spread quiet small" }, t("of", at + 1, blindRounds.length), el("span", {}, round.scene.name)),
    el("p", { class: "gap" }, el("strong", {}, t("blind_lead"))), el("div", { class: "gap" }, promptOf(round.scene)), el("div", {}, el("div", { class: "videos" }, tiles), playerFor(tiles, runs)),
    el("div", { class: "votes" }, runs.map((run, i) => el("button", { "data-key": i + 1, class: "primary", onclick: () => vote(round, run) }, t("vote", letter(i)), " ", el("kbd", {}, i + 1))),
      el("button", { "data-key": 0, onclick: () => vote(round, null) }, t("tie"), " ", el("kbd", {}, 0))),
    el("div", { class: "row gap" }, at > 0 && el("button", { onclick: () => { blindState.at = at - 1; render() } }, t("previous")), voted > 0 && el("button", { onclick: showResult }, t("early")), votesFile()))
}

const blindDone = () => el("main", { class: "card" }, el("h2", {}, t("done")), el("div", { class: "row gap" }, el("button", { class: "primary", onclick: showResult }, t("show_result")), votesFile()))
function showResult() {
  blindState.result = true
  render()
}

function preferences() {
  const votes = [blindState.mine, ...blindState.others].flatMap(each => each.votes)
  const made = new Map(report.runs.map(run => [run.run, run.profile]))
  const rows = profiles.map(profile => {
    const mine = votes.filter(each => each.shown.some(run => made.get(run) === profile))
    const chosen = mine.filter(each => each.best !== null && made.get(each.best) === profile).length
    const chance = mine.length ? mine.reduce((sum, each) => sum + 1 / each.shown.length, 0) / mine.length : 0
    return { profile, n: mine.length, chosen, chance, interval: shares[mine.length - 1]?.[chosen] ?? null }
  }).filter(row => row.n)
  return { votes: votes.length, rows: rows.sort((a, b) => b.chosen / b.n - a.chosen / a.n) }
}

function blindResult() {
  const { votes, rows } = preferences(), percent = share => `${digits(share * 100, 2)} %`
  const verdict = row => !row.interval ? "" : row.interval[0] > row.chance ? chip(t("preferred"), "good") : row.interval[1] < row.chance ? chip(t("avoided"), "warn") : chip(t("inside_the_noise"))
  const chance = rows.length ? rows.reduce((sum, row) => sum + row.chance, 0) / rows.length : 0
  const heads = ["profile", "chosen", "share_chosen", "interval", "verdict"]
  return el("main", {}, el("h2", {}, t("preference")), el("p", { class: "quiet" }, t("result_lead", votes, 1 + blindState.others.length, percent(chance))),
    el("div", { class: "scroll gap" }, el("table", { id: "preferences" }, el("thead", {}, el("tr", {}, heads.map(head => el("th", { scope: "col" }, head === "share_chosen" ? "%" : t(head, report.confidence * 100))))),
      el("tbody", {}, rows.map(row => el("tr", {}, el("th", { scope: "row" }, named(row.profile)), el("td", {}, t("of", row.chosen, row.n)), el("td", {}, percent(row.chosen / row.n)),
        el("td", {}, row.interval ? t("to", percent(row.interval[0]), percent(row.interval[1])) : t("no_interval")), el("td", {}, verdict(row))))))),
    el("div", { class: "row gap" }, votesFile(), el("button", { onclick: () => { blindState.mine = fresh(); blindState.others = []; blindState.result = false; shuffled.clear(); kept.set(`votes ${comparison}`, ""); render() } }, t("forget"))))
}

function votesFile() {
  const input = el("input", { type: "file", accept: "application/json,.json", hidden: true, "aria-label": t("import"), onchange: async event => {
    const told = readVotes(await event.target.files[0].text())
    if (told) {
      if (told.voter === blindState.mine.voter || !blindState.mine.votes.length) blindState.mine = told
      else blindState.others = [...blindState.others.filter(each => each.voter !== told.voter), told]
    }
    blindState.message = told ? t("votes_read", told.votes.length) : t("bad_votes")
    render()
  } })
  return [el("button", { onclick: exportVotes }, t("export")), el("button", { onclick: () => input.click() }, t("import")), input]
}

function exportVotes() {
  const link = el("a", { download: "votes.json", href: URL.createObjectURL(new Blob([JSON.stringify(blindState.mine, null, 1)], { type: "application/json" })) })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

// --- begin ---------------------------------------------------------------------------------------

let blindShown = location.hash === "#blind"
addEventListener("hashchange", () => {
  if (blindShown === (location.hash === "#blind")) return
  blindShown = !blindShown
  render()
})
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render)
render()
if (location.hash.length > 1 && !blindShown) document.getElementById(location.hash.slice(1))?.scrollIntoView()
