/** Owns the log-in form. It must never keep a password longer than the request that uses it. */
import { logIn } from './session.ts';

/** Shows the form until a log-in worked. Resolves with the access token. */
export function askToLogIn(): Promise<string> {
  const dialog = document.getElementById('login') as HTMLDialogElement;
  const form = document.getElementById('login-form') as HTMLFormElement;
  const error = document.getElementById('login-error') as HTMLElement;
  dialog.showModal();
  return new Promise((resolve) => {
    // Escape would leave a page that shows nothing and offers nothing.
    dialog.oncancel = (event) => event.preventDefault();
    form.onsubmit = (event) => {
      event.preventDefault();
      const values = new FormData(form);
      error.textContent = '';
      logIn(String(values.get('email')), String(values.get('password'))).then(
        (token) => {
          form.reset();
          dialog.close();
          resolve(token);
        },
        (failure: unknown) => {
          error.textContent = failure instanceof Error ? failure.message : 'Log-in failed.';
        },
      );
    };
  });
}
