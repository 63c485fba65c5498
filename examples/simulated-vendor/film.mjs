// A video at a simulated AllToken whose answer is lost: Node alone, without a package.
const url = process.env.VENDOR_URL ?? "http://127.0.0.1:8360"
const headers = {
  "Authorization": "Bearer simulated-api-key", // it opens nothing but a simulator
  "Content-Type": "application/json",
}

async function ask(path, body) {
  const method = body ? "POST" : "GET"
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status} ${await answer.text()}`)
  return answer.json()
}

await ask("/__admin/reset", {})
await ask("/__admin/fates", { fate: "fail_next", acted: true, when: { method: "POST" } })
try {
  await ask("/v1/videos/generations", { model: "seedance-2.0", prompt: "a calm sea" })
} catch (error) {
  console.log(`the answer was lost: ${error.message}`)
}

// It may have been made, and paid for: look, and do not ask again.
const { items } = await ask("/v1/videos/generations")
console.log(`found ${items[0].id}`)
await ask("/__admin/clock", { advance_s: 60 }) // a minute of waiting
const video = await ask(`/v1/videos/generations/${items[0].id}`)
console.log(`${video.id} is ${video.status}`)
if (video.status !== "completed") process.exit(1)

const { billed } = await ask("/__admin/bills")
if (billed.demo.video === 1) console.log("one video was paid for")
