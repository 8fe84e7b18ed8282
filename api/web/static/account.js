// Signing in and out.
import { ask } from "./page.js";

const form = document.getElementById("sign-in");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fault = document.getElementById("sign-in-fault");
  fault.textContent = "";
  try {
    await ask("/api/sign-in", {
      method: "POST",
      body: { name: form.elements.name.value, password: form.elements.password.value },
    });
    location.assign("/");
  } catch (error) {
    fault.textContent = error.message;
    form.elements.password.select();
  }
});

document.getElementById("sign-out")?.addEventListener("click", async () => {
  await ask("/api/sign-out", { method: "POST" });
  location.assign("/sign-in");
});
